public import Settings

/// Section `time_range`: which part of the relays' history is archived, in Unix seconds of `created_at`.
/// Another range opens the coverage of every relay, like another filter.
public struct TimeRangeSettings: SettingsSection {
    /// The oldest second. Later than the first event of a relay: the rest is never asked for.
    public var since = 0
    /// The newest second; null for no end.
    public var until: Int?

    /// All time.
    public init() {}

    /// Not negative, and the one before the other.
    public func validate(into problems: inout Validation) {
        problems.check("since", since, in: 0...Int.max)
        guard let until else { return }
        problems.require(
            since <= until, "until", given: String(until), allowed: "null, or at least since (\(since))")
    }
}
