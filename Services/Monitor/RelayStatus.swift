/// What a relay is held for. The raw values are stored.
enum RelayStatus: String, Sendable, CaseIterable {
    /// Nobody has looked, or not often enough to say.
    case unknown
    /// It answered the last check, or failed one since.
    case online
    /// It failed at least two checks in a row.
    case offline
    /// It has been offline for long.
    case dead
}
