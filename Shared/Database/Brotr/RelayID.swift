/// The short key of a relay, used wherever rows are many. Never reused.
public struct RelayID: Hashable, Sendable, Comparable, Codable, CustomStringConvertible {
    /// `relays.relay_id`.
    public let value: Int32

    /// Wraps the number.
    public init(_ value: Int32) { self.value = value }

    /// Older relays come first.
    public static func < (one: RelayID, other: RelayID) -> Bool { one.value < other.value }
    /// The number.
    public var description: String { String(value) }
}
