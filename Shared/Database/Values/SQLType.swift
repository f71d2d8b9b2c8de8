/// A PostgreSQL type as the driver speaks it: always in binary, known by its object identifier or by its name.
///
/// Built-in types have identifiers that never change. A type made by our own schema has another identifier in every
/// database, so it is carried by name and looked up once for each pool.
public struct SQLType: Hashable, Sendable, CustomStringConvertible {
    /// The name as `format_type` gives it, for example `bigint[]`.
    public let name: String
    /// The identifier of a built-in type; 0 when it has to be looked up by name.
    public let identifier: UInt32

    /// A built-in type.
    init(_ name: String, _ identifier: UInt32) {
        self.name = name
        self.identifier = identifier
    }

    /// A type of our own schema, looked up by name.
    public static func named(_ name: String) -> SQLType { SQLType(name, 0) }

    public var description: String { name }
}

extension SQLType {
    public static let bool = SQLType("boolean", 16)
    public static let bytea = SQLType("bytea", 17)
    public static let int8 = SQLType("bigint", 20)
    public static let int2 = SQLType("smallint", 21)
    public static let int4 = SQLType("integer", 23)
    public static let text = SQLType("text", 25)
    public static let oid = SQLType("oid", 26)
    public static let float8 = SQLType("double precision", 701)
    public static let timestamptz = SQLType("timestamp with time zone", 1184)
    public static let uuid = SQLType("uuid", 2950)
    public static let jsonb = SQLType("jsonb", 3802)
    /// What a function without a result returns: a column that is always empty.
    public static let void = SQLType("void", 2278)

    public static let boolArray = SQLType("boolean[]", 1000)
    public static let byteaArray = SQLType("bytea[]", 1001)
    public static let int2Array = SQLType("smallint[]", 1005)
    public static let int4Array = SQLType("integer[]", 1007)
    public static let textArray = SQLType("text[]", 1009)
    public static let int8Array = SQLType("bigint[]", 1016)
    public static let float8Array = SQLType("double precision[]", 1022)
    public static let timestamptzArray = SQLType("timestamp with time zone[]", 1185)
    public static let uuidArray = SQLType("uuid[]", 2951)
    public static let jsonbArray = SQLType("jsonb[]", 3807)

    /// The tag keys of one event: a composite of one `bigint[]`, so that ragged lists can stand in one array.
    public static let tagSet = SQLType.named("tagset")
    public static let tagSetArray = SQLType.named("tagset[]")
}
