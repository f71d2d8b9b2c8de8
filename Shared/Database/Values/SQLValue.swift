/// One parameter of a statement, with the type it is sent as. A nil payload is NULL of that type.
///
/// Arrays may hold NULL elements. Binary all the way: no quoting, no hex, no text form of numbers.
public enum SQLValue: Sendable {
    case bool(Bool?)
    case int2(Int16?)
    case int4(Int32?)
    case int8(Int64?)
    case float8(Double?)
    /// NUL cannot be held by PostgreSQL: the statement fails before it is sent, with kind `encoding`.
    case text(String?)
    case bytea([UInt8]?)
    /// JSON text in UTF-8; the server parses it.
    case jsonb([UInt8]?)
    case uuid(SQLUUID?)
    case timestamptz(SQLTimestamp?)
    case bools([Bool?])
    case int2s([Int16?])
    case int4s([Int32?])
    case int8s([Int64?])
    case float8s([Double?])
    case texts([String?])
    case byteas([[UInt8]?])
    case jsonbs([[UInt8]?])
    case uuids([SQLUUID?])
    case timestamptzs([SQLTimestamp?])
    /// One list of tag keys for each event.
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
