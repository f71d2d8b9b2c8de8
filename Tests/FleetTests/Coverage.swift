import Support

/// One row of `relay_coverage`.
struct Coverage {
    let lo: Int64
    let hi: Int64
    let state: Int
    let reason: Int?
}

extension HostileRelays.Relay {
    /// Seconds between its first and its last event, by state.
    func seconds(_ intervals: [Coverage]) -> [Int: Int] {
        let times = events.map(\.createdAt)
        guard let first = times.min(), let last = times.max() else { return [:] }
        return intervals.reduce(into: [:]) { seconds, interval in
            let (lo, hi) = (max(interval.lo, first), min(interval.hi, last))
            if lo <= hi { seconds[interval.state, default: 0] += Int(hi - lo) + 1 }
        }
    }
}
