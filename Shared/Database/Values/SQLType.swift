/// A PostgreSQL type as the driver speaks it: always in binary, known by its object identifier or by its name.
///
/// Built-in types have identifiers that never change. A type made by our own schema has another identifier in every
/// database, so it is carried by name and looked up once for each pool.
public struct SQLType: Hashable, Sendable, CustomStringConvertible {
    /// The name as `format_type` gives it, for example `bigint[]`.
    public let name: String
    /// The identifier of a built-in type; 0 when it has to be looked up by name.
    public let identifier: UInt32
    private let arrayIdentifier: UInt32

    private init(_ name: String, _ identifier: UInt32, array: UInt32 = 0) {
        self.name = name
        self.identifier = identifier
        arrayIdentifier = array
    }

    /// A type of our own schema, looked up by name.
    public static func named(_ name: String) -> SQLType { SQLType(name, 0) }

    /// The type of arrays of this one.
    public var array: SQLType { SQLType(name + "[]", arrayIdentifier) }

    /// The same type with the identifier it has in one database.
    func known(as identifier: UInt32) -> SQLType { SQLType(name, identifier) }

    /// The name.
    public var description: String { name }
}

/// The types in use.
extension SQLType {
    /// `boolean`
    public static let bool = SQLType("boolean", 16, array: 1000)
    /// `bytea`
    public static let bytea = SQLType("bytea", 17, array: 1001)
    /// `bigint`
    public static let int8 = SQLType("bigint", 20, array: 1016)
    /// `smallint`
    public static let int2 = SQLType("smallint", 21, array: 1005)
    /// `integer`
    public static let int4 = SQLType("integer", 23, array: 1007)
    /// `text`
    public static let text = SQLType("text", 25, array: 1009)
    /// `oid`, only in results.
    public static let oid = SQLType("oid", 26, array: 1028)
    /// `double precision`
    public static let float8 = SQLType("double precision", 701, array: 1022)
    /// `timestamptz`
    public static let timestamptz = SQLType("timestamp with time zone", 1184, array: 1185)
    /// `uuid`
    public static let uuid = SQLType("uuid", 2950, array: 2951)
    /// `jsonb`
    public static let jsonb = SQLType("jsonb", 3802, array: 3807)
    /// What a function without a result returns: a column that is always empty.
    public static let void = SQLType("void", 2278)
    /// The tag keys of one event: a composite of one `bigint[]`, so that ragged lists can stand in one array.
    public static let tagSet = SQLType.named("tagset")

    /// `boolean[]`
    public static let boolArray = bool.array
    /// `bytea[]`
    public static let byteaArray = bytea.array
    /// `smallint[]`
    public static let int2Array = int2.array
    /// `integer[]`
    public static let int4Array = int4.array
    /// `text[]`
    public static let textArray = text.array
    /// `bigint[]`
    public static let int8Array = int8.array
    /// `double precision[]`
    public static let float8Array = float8.array
    /// `timestamptz[]`
    public static let timestamptzArray = timestamptz.array
    /// `uuid[]`
    public static let uuidArray = uuid.array
    /// `jsonb[]`
    public static let jsonbArray = jsonb.array
    /// `tagset[]`
    public static let tagSetArray = tagSet.array
}
