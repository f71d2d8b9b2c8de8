public import Crypto

/// A Swift value that has a binary form of one PostgreSQL type.
///
/// What single values and array elements have in common; columns of a batch are encoded straight from it.
public protocol SQLEncodable {
    /// The element type. Its identifier is fixed: types of our own schema are encoded apart.
    static var sqlType: SQLType { get }
    /// The type of an array of it.
    static var sqlArrayType: SQLType { get }
    /// Writes the value without its length.
    func encode(into writer: inout WireWriter)
}

extension Bool: SQLEncodable {
    public static var sqlType: SQLType { .bool }
    public static var sqlArrayType: SQLType { .boolArray }
    public func encode(into writer: inout WireWriter) { writer.integer(UInt8(self ? 1 : 0)) }
}

extension Int16: SQLEncodable {
    public static var sqlType: SQLType { .int2 }
    public static var sqlArrayType: SQLType { .int2Array }
    public func encode(into writer: inout WireWriter) { writer.integer(self) }
}

extension Int32: SQLEncodable {
    public static var sqlType: SQLType { .int4 }
    public static var sqlArrayType: SQLType { .int4Array }
    public func encode(into writer: inout WireWriter) { writer.integer(self) }
}

extension Int64: SQLEncodable {
    public static var sqlType: SQLType { .int8 }
    public static var sqlArrayType: SQLType { .int8Array }
    public func encode(into writer: inout WireWriter) { writer.integer(self) }
}

extension Double: SQLEncodable {
    public static var sqlType: SQLType { .float8 }
    public static var sqlArrayType: SQLType { .float8Array }
    public func encode(into writer: inout WireWriter) { writer.integer(bitPattern) }
}

extension String: SQLEncodable {
    public static var sqlType: SQLType { .text }
    public static var sqlArrayType: SQLType { .textArray }
    public func encode(into writer: inout WireWriter) { writer.raw(utf8) }
}

extension SQLUUID: SQLEncodable {
    public static var sqlType: SQLType { .uuid }
    public static var sqlArrayType: SQLType { .uuidArray }
    public func encode(into writer: inout WireWriter) {
        writer.integer(high)
        writer.integer(low)
    }
}

extension SQLTimestamp: SQLEncodable {
    public static var sqlType: SQLType { .timestamptz }
    public static var sqlArrayType: SQLType { .timestamptzArray }
    public func encode(into writer: inout WireWriter) { writer.integer(wire) }
}

extension Bytes32: SQLEncodable {
    public static var sqlType: SQLType { .bytea }
    public static var sqlArrayType: SQLType { .byteaArray }
    public func encode(into writer: inout WireWriter) { withUnsafeBytes { writer.raw($0) } }
}

extension Bytes64: SQLEncodable {
    public static var sqlType: SQLType { .bytea }
    public static var sqlArrayType: SQLType { .byteaArray }
    public func encode(into writer: inout WireWriter) { withUnsafeBytes { writer.raw($0) } }
}

/// A `bytea` of any length. (A plain byte array would be taken for an SQL array.)
public struct Bytea: Hashable, Sendable, SQLEncodable {
    /// The bytes.
    public var bytes: [UInt8]
    /// Wraps the bytes.
    public init(_ bytes: [UInt8]) { self.bytes = bytes }
    public static var sqlType: SQLType { .bytea }
    public static var sqlArrayType: SQLType { .byteaArray }
    public func encode(into writer: inout WireWriter) { writer.raw(bytes) }
}

/// JSON text of the type `jsonb`, in UTF-8. As a result it is the server's own spelling of it.
public struct JSONText: Hashable, Sendable, SQLEncodable {
    /// The text, UTF-8.
    public var bytes: [UInt8]
    /// Wraps JSON text; it is the server that checks it.
    public init(_ bytes: [UInt8]) { self.bytes = bytes }
    public static var sqlType: SQLType { .jsonb }
    public static var sqlArrayType: SQLType { .jsonbArray }
    /// `jsonb` in binary is one version byte and then the text.
    public func encode(into writer: inout WireWriter) {
        writer.integer(UInt8(1))
        writer.raw(bytes)
    }
}
