import Support

/// What relays hold when a run begins.
struct SimulatedHistory {
    private static let kinds: [UInt16] = [0, 1, 1, 1, 3, 6, 7, 30_023]

    let holdings: Vices.Holdings
    /// Serial number of the first event: relays whose numbers differ have no event in common.
    let offset: Int

    /// Some weeks of events with quiet times and crowded seconds, and what this relay has beside them.
    func events(_ count: Int, _ random: inout SplitMix64) -> [SimulatedEvent] {
        var second = SimulatedWorld.epoch - 3_600
        var events: [SimulatedEvent] = []
        while events.count < count {
            second -= Int64.random(in: 1...(Bool.random(using: &random) ? 120 : 6_000), using: &random)
            let crowd = Int.random(in: 0..<40, using: &random) == 0 ? Int.random(in: 2...90, using: &random) : 1
            for _ in 0..<crowd {
                events.append(
                    SimulatedEvent(
                        createdAt: second, kind: Self.kinds[Int.random(in: 0..<8, using: &random)],
                        author: UInt8.random(in: 0..<12, using: &random), serial: offset + events.count,
                        flaw: flaw(&random), padding: holdings.padding))
            }
        }
        guard let oldest = events.last?.createdAt else { return events }
        return events + crowd(at: oldest - 1) + future(&random) + oversized(holdings.oversized, after: oldest)
            + oversizedAhead
    }

    private func flaw(_ random: inout SplitMix64) -> SimulatedEvent.Flaw? {
        let chance = Double.random(in: 0..<1, using: &random)
        if chance < holdings.badSignatures { return .signature }
        if chance < holdings.badSignatures + holdings.badIDs { return .id }
        if chance < holdings.badSignatures + holdings.badIDs + holdings.garbage { return .garbage }
        // From the other end, so that the others stay the same.
        return chance >= 1 - holdings.poison ? .poison : nil
    }

    private func crowd(at second: Int64) -> [SimulatedEvent] {
        (0..<holdings.crowd).map {
            SimulatedEvent(
                createdAt: second, kind: 1, author: 3, serial: offset + 100_000 + $0,
                flaw: holdings.poison > 0 && $0 % 50 == 0 ? .poison : nil)
        }
    }

    private func future(_ random: inout SplitMix64) -> [SimulatedEvent] {
        (0..<holdings.future).map { number in
            let ahead = [Int64(600), 7_200, 86_400, 30_000_000_000][number % 4]
            return SimulatedEvent(
                createdAt: SimulatedWorld.epoch + Int64.random(in: 1...ahead, using: &random), kind: 1, author: 4,
                serial: offset + 200_000 + number)
        }
    }

    private var oversizedAhead: [SimulatedEvent] {
        (0..<holdings.oversizedAhead).map { number in
            SimulatedEvent(
                createdAt: SimulatedWorld.epoch + 30_000_000 + Int64(number), kind: 1, author: 6,
                serial: offset + 400_000 + number, padding: SimulatedRelay.mostMessageBytes)
        }
    }

    /// Amid the others.
    func oversized(_ count: Int, after oldest: Int64) -> [SimulatedEvent] {
        (0..<count).map { number in
            SimulatedEvent(
                createdAt: (oldest + SimulatedWorld.epoch) / 2 - Int64(number), kind: 1, author: 5,
                serial: offset + 300_000 + number, padding: SimulatedRelay.mostMessageBytes)
        }
    }
}
