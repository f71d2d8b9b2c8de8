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
