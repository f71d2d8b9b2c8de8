import Crypto

/// Which stored events answer a REQ.
struct FakeRelayQuery {
    let filters: [FakeRelayFilter]
    let behaviour: FakeRelayBehaviour
    /// Makes random choices differ from request to request, and be the same in the next run.
    let salt: Int

    /// The answer, and whether nothing was left out. `stored` is sorted newest first, ties lowest id first.
    func run(on stored: [SampleEvent]) -> (events: [SampleEvent], isWhole: Bool) {
        var isWhole = true
        var chosen: [SampleEvent] = []
        for filter in filters {
            let matching = stored.filter {
                filter.matches($0, ignoringSince: behaviour.ignoresSince, ignoringUntil: behaviour.ignoresUntil)
                    && !filter.isAtBound($0, of: behaviour)
            }
            let part = choose(matching, min(filter.limit ?? behaviour.cap, behaviour.cap))
            isWhole = isWhole && part.count == matching.count
            chosen += part
        }
        if filters.count > 1 {
            var seen: Set<Bytes32> = []
            chosen = chosen.filter { seen.insert($0.id).inserted }
        }
        return (kept(chosen) + strays(stored), isWhole)
    }

    private func strays(_ stored: [SampleEvent]) -> [SampleEvent] {
        guard behaviour.strays > 0 else { return [] }
        let others = stored.lazy.filter { event in
            !filters.contains { filter in
                filter.matches(event) || (behaviour.straysAreOlder && event.createdAt >= filter.since ?? 0)
            }
        }
        return Array(others.prefix(behaviour.strays))
    }

    private func kept(_ chosen: [SampleEvent]) -> [SampleEvent] {
        guard behaviour.omissions > 0 else { return chosen }
        var random = SplitMix64(seed: UInt64(salt) &* 31 &+ 5)
        return chosen.filter { _ in Double.random(in: 0..<1, using: &random) >= behaviour.omissions }
    }

    private func choose(_ matching: [SampleEvent], _ count: Int) -> [SampleEvent] {
        let count = max(count, 0)
        switch behaviour.order {
        case .newestFirst: return Array(matching.prefix(count))
        case .oldestFirst: return Array(matching.reversed().prefix(count))
        case .randomSubset:
            var random = SplitMix64(seed: UInt64(salt) &+ 1)
            let places = matching.indices.shuffled(using: &random).prefix(count).sorted()
            return places.map { matching[$0] }
        }
    }
}
