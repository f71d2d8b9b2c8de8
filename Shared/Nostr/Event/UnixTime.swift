/// Whole seconds since 1970-01-01 UTC: the clock of Nostr's `created_at`, `since` and `until` (NIP-01).
public struct UnixTime: Comparable, Hashable, Sendable {
    /// Seconds; every Int64 is a value, so that foreign times can be held before they are judged.
    public var seconds: Int64

    /// A time that many seconds after 1970.
    public init(seconds: Int64) { self.seconds = seconds }

    /// The greatest time there is.
    public static let max = UnixTime(seconds: .max)

    /// Earlier before later.
    public static func < (left: UnixTime, right: UnixTime) -> Bool { left.seconds < right.seconds }
}

extension UnixTime: Codable {
    /// Reads a plain JSON number of seconds.
    public init(from decoder: any Decoder) throws { seconds = try decoder.singleValueContainer().decode(Int64.self) }

    /// Writes a plain JSON number of seconds.
    public func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(seconds)
    }
}
