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

/// One process of a service, new at every start, so that no earlier process can be taken for it.
public struct ReplicaID: Hashable, Sendable, CustomStringConvertible {
    /// As the database keeps it.
    public let uuid: SQLUUID

    /// Wraps the identifier.
    public init(_ uuid: SQLUUID) { self.uuid = uuid }

    /// A fresh one.
    public static func random() -> ReplicaID { ReplicaID(.random()) }

    /// As of a UUID.
    public var description: String { uuid.description }
}
