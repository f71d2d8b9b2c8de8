/// One SQL statement of the code, with a name for logs and errors and the types it is called with.
///
/// A test prepares every one of them on the real schema and compares parameters and columns.
public struct NamedStatement: Sendable, Hashable {
    /// snake_case, for example `known_events`.
    public let name: String
    /// One statement with $1, $2, ...; it must not depend on the state of a session (transaction pooling).
    public let sql: String
    /// Types of the parameters, in order.
    public let parameters: [SQLType]
    /// Types of the result's columns, in order; empty where there is no result.
    public let columns: [SQLType]
    /// Running it twice leaves what running it once leaves. Only then is it sent again after its connection died.
    public let isIdempotent: Bool

    /// Direct form.
    public init(
        _ name: String, _ sql: String, parameters: [SQLType] = [], columns: [SQLType] = [], isIdempotent: Bool = false
    ) {
        self.name = name
        self.sql = sql
        self.parameters = parameters
        self.columns = columns
        self.isIdempotent = isIdempotent
    }
}

extension NamedStatement: ExpressibleByStringLiteral {
    /// A statement without a name, for tests and tools.
    public init(stringLiteral sql: String) { self.init("statement", sql) }
}

extension NamedStatement: CustomStringConvertible {
    /// The name.
    public var description: String { name }
}
