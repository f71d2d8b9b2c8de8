/// One value of a result: its type and its bytes, which are valid only while they are decoded.
public struct SQLField {
    /// The identifier of the type.
    public let type: UInt32
    /// The binary form; nil for NULL.
    public let bytes: UnsafeRawBufferPointer?
}

/// Why a value cannot be decoded; its text names no data.
public enum DecodingProblem: String, Error {
    /// NULL where a value is needed.
    case isNull = "NULL"
    /// The column has a type that does not fit.
    case wrongType = "another type"
    /// The type fits and its bytes do not.
    case malformed = "malformed binary form"
}

/// A Swift value that can be read from the binary form of one or more PostgreSQL types.
public protocol SQLDecodable {
    /// Decodes; throws where type or form do not fit.
    init(sql field: SQLField) throws(DecodingProblem)
}

extension SQLField {
    /// The bytes if the type is one of these.
    @inline(__always)
    func payload(_ types: UInt32...) throws(DecodingProblem) -> UnsafeRawBufferPointer {
        guard let bytes else { throw .isNull }
        guard types.contains(type) else { throw .wrongType }
        return bytes
    }

    /// The bytes as one integer, if there are exactly as many as it has.
    @inline(__always)
    static func integer<Value: FixedWidthInteger>(
        _ bytes: UnsafeRawBufferPointer, as type: Value.Type = Value.self
    ) throws(DecodingProblem) -> Value {
        guard bytes.count == MemoryLayout<Value>.size else { throw .malformed }
        return Value(bigEndian: bytes.loadUnaligned(as: Value.self))
    }
}

extension Optional: SQLDecodable where Wrapped: SQLDecodable {
    /// NULL is nil.
    public init(sql field: SQLField) throws(DecodingProblem) {
        if field.bytes == nil { self = .none } else { self = .some(try Wrapped(sql: field)) }
    }
}

extension Bool: SQLDecodable {
    /// From `boolean`.
    public init(sql field: SQLField) throws(DecodingProblem) {
        self = try SQLField.integer(field.payload(16), as: UInt8.self) != 0
    }
}

extension Int16: SQLDecodable {
    /// From `smallint`.
    public init(sql field: SQLField) throws(DecodingProblem) { self = try SQLField.integer(field.payload(21)) }
}

/// Reads `integer`, and `smallint` without loss.
extension Int32: SQLDecodable {
    /// From `integer` or `smallint`.
    public init(sql field: SQLField) throws(DecodingProblem) {
        self = field.type == 21 ? Int32(try Int16(sql: field)) : try SQLField.integer(field.payload(23))
    }
}

/// Reads `bigint`, and smaller integers and `oid` without loss; `xid8` by its bits.
extension Int64: SQLDecodable {
    /// From any integer, `oid` or `xid8`.
    public init(sql field: SQLField) throws(DecodingProblem) {
        switch field.type {
        case 21, 23: self = Int64(try Int32(sql: field))
        case 26: self = Int64(try UInt32(sql: field))
        default: self = try SQLField.integer(field.payload(20, 5069))
        }
    }
}

/// Reads any integer without loss.
extension Int: SQLDecodable {
    /// From any integer.
    public init(sql field: SQLField) throws(DecodingProblem) { self = Int(try Int64(sql: field)) }
}

/// Reads `oid`.
extension UInt32: SQLDecodable {
    /// From `oid`.
    public init(sql field: SQLField) throws(DecodingProblem) { self = try SQLField.integer(field.payload(26)) }
}

extension Double: SQLDecodable {
    /// From `double precision` or `real`.
    public init(sql field: SQLField) throws(DecodingProblem) {
        if field.type == 700 {
            self = Double(Float(bitPattern: try SQLField.integer(field.payload(700))))
        } else {
            self = Double(bitPattern: try SQLField.integer(field.payload(701)))
        }
    }
}

/// Reads `text`, `varchar`, `name`, `"char"`, and the empty string of `void`.
extension String: SQLDecodable {
    /// From a type of text.
    public init(sql field: SQLField) throws(DecodingProblem) {
        let bytes = try field.payload(25, 1043, 19, 18, 705, 2278)
        guard let text = String(validating: bytes, as: UTF8.self) else { throw .malformed }
        self = text
    }
}
