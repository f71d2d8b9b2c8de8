internal import Settings

/// When an interval of a relay's history is looked at again. Pure.
///
/// Times are rounded up to eighths of the wait, so that intervals read one after the other fall due together and stay
/// one row of the table.
struct RescanSchedule: Sendable, Equatable {
    /// A planned look.
    struct Plan: Sendable, Equatable {
        /// Unix seconds of the database's clock.
        var at: Int64
        /// Place in the schedule; 0 for the pass that has to prove the interval.
        var step: Int16
    }

    /// From the first pass to the second.
    let secondPass: Seconds
    /// From one look that found nothing to the next.
    let waits: [Seconds]

    init(proof: ProofSettings = .init(), rescan: RescanSettings = .init()) {
        secondPass = proof.secondPass
        waits = rescan.schedule
    }

    /// The pass that has to prove what was read now.
    func secondPass(now: Int64) -> Plan { Plan(at: Self.time(after: secondPass, now), step: 0) }

    /// The look after one at `step` that found nothing new; `yield` says whether looks of its age come sooner or later.
    func next(after step: Int16?, now: Int64, _ yield: RescanYield = .init()) -> Plan {
        let place = min(max(Int(step ?? 0), 0), waits.count - 1)
        let look = Int16(clamping: place + 1)
        let wait = min(max(place - yield.nearer(look), 0), waits.count - 1)
        return Plan(at: Self.time(after: waits[wait], now), step: look)
    }

    /// When a gap is tried again: a relay's software may have changed by then. Twice as long with each time that it was
    /// left before, up to a month.
    func retry(now: Int64, after times: Int16 = 0) -> Int64 {
        Self.time(after: Seconds(floatLiteral: Double(86_400 << Int64(min(max(times, 0), 5)))), now)
    }

    private static func time(after wait: Seconds, _ now: Int64) -> Int64 {
        let seconds = Int64(max(wait.value.rounded(.up), 1))
        let quantum = max(seconds / 8, 1)
        let (due, isOver) = now.addingReportingOverflow(seconds)
        guard !isOver, due >= 0 else { return .max / 2 }
        return (due / quantum + (due % quantum == 0 ? 0 : 1)) * quantum
    }
}
