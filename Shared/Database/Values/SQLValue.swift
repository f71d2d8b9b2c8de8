/// One parameter of a statement, with the type it is sent as. A nil payload is NULL of that type.
///
/// Arrays may hold NULL elements. Binary all the way: no quoting, no hex, no text form of numbers.
public enum SQLValue: Sendable {
    /// `boolean`.
    case bool(Bool?)
    /// `smallint`.
    case int2(Int16?)
    /// `integer`.
    case int4(Int32?)
    /// `bigint`.
    case int8(Int64?)
    /// `double precision`.
    case float8(Double?)
    /// `text`. NUL cannot be held by PostgreSQL: the statement fails before it is sent, with kind `encoding`.
    case text(String?)
    /// `bytea`.
    case bytea([UInt8]?)
    /// `jsonb`, as JSON text in UTF-8; the server parses it.
    case jsonb([UInt8]?)
    /// `uuid`.
    case uuid(SQLUUID?)
    /// `timestamp with time zone`.
    case timestamptz(SQLTimestamp?)
    /// `boolean[]`.
    case bools([Bool?])
    /// `smallint[]`.
    case int2s([Int16?])
    /// `integer[]`.
    case int4s([Int32?])
    /// `bigint[]`.
    case int8s([Int64?])
    /// `double precision[]`.
    case float8s([Double?])
    /// `text[]`; each element as for `text`.
    case texts([String?])
    /// `bytea[]`.
    case byteas([[UInt8]?])
    /// `jsonb[]`; each element as for `jsonb`.
    case jsonbs([[UInt8]?])
    /// `uuid[]`.
    case uuids([SQLUUID?])
    /// `timestamp with time zone[]`.
    case timestamptzs([SQLTimestamp?])
    /// `tagset[]`: one list of tag keys for each event.
    case tagSets([[Int64]?])

    /// Seconds as `double precision`; statements turn them into an interval with `make_interval(secs => ...)`.
    public static func seconds(_ value: Duration) -> SQLValue { .float8(value.inSeconds) }

    /// The type the server is told.
    public var type: SQLType {
        switch self {
        case .bool: .bool
        case .int2: .int2
        case .int4: .int4
        case .int8: .int8
        case .float8: .float8
        case .text: .text
        case .bytea: .bytea
        case .jsonb: .jsonb
        case .uuid: .uuid
        case .timestamptz: .timestamptz
        case .bools: .boolArray
        case .int2s: .int2Array
        case .int4s: .int4Array
        case .int8s: .int8Array
        case .float8s: .float8Array
        case .texts: .textArray
        case .byteas: .byteaArray
        case .jsonbs: .jsonbArray
        case .uuids: .uuidArray
        case .timestamptzs: .timestamptzArray
        case .tagSets: .tagSetArray
        }
    }
}

extension Duration {
    /// The whole duration in seconds.
    public var inSeconds: Double {
        let (seconds, attoseconds) = components
        return Double(seconds) + Double(attoseconds) / 1e18
    }
}
