public import Crypto

/// A Swift value that has a binary form of one PostgreSQL type.
///
/// What single values and array elements have in common; columns of a batch are encoded straight from it.
public protocol SQLEncodable {
    /// The element type. Its identifier is fixed: types of our own schema are encoded apart.
    static var sqlType: SQLType { get }
    /// Writes the value without its length.
    func encode(into writer: inout WireWriter)
}

extension Bool: SQLEncodable {
    /// `bool`
    public static var sqlType: SQLType { .bool }
    /// One byte, 0 or 1.
    public func encode(into writer: inout WireWriter) { writer.integer(UInt8(self ? 1 : 0)) }
}

extension Int16: SQLEncodable {
    /// `int2`
    public static var sqlType: SQLType { .int2 }
    /// Two bytes.
    public func encode(into writer: inout WireWriter) { writer.integer(self) }
}

extension Int32: SQLEncodable {
    /// `int4`
    public static var sqlType: SQLType { .int4 }
    /// Four bytes.
    public func encode(into writer: inout WireWriter) { writer.integer(self) }
}

extension Int64: SQLEncodable {
    /// `int8`
    public static var sqlType: SQLType { .int8 }
    /// Eight bytes.
    public func encode(into writer: inout WireWriter) { writer.integer(self) }
}

extension Double: SQLEncodable {
    /// `float8`
    public static var sqlType: SQLType { .float8 }
    /// IEEE 754.
    public func encode(into writer: inout WireWriter) { writer.integer(bitPattern) }
}

extension String: SQLEncodable {
    /// `text`
    public static var sqlType: SQLType { .text }
    /// UTF-8. NUL is not looked for here; `SQLParameters.append(_: SQLValue)` does.
    public func encode(into writer: inout WireWriter) { writer.raw(utf8) }
}

extension SQLUUID: SQLEncodable {
    /// `uuid`
    public static var sqlType: SQLType { .uuid }
    /// Sixteen bytes.
    public func encode(into writer: inout WireWriter) {
        writer.integer(high)
        writer.integer(low)
    }
}

extension SQLTimestamp: SQLEncodable {
    /// `timestamptz`
    public static var sqlType: SQLType { .timestamptz }
    /// Microseconds since 2000.
    public func encode(into writer: inout WireWriter) { writer.integer(wire) }
}

extension Bytes32: SQLEncodable {
    /// `bytea`
    public static var sqlType: SQLType { .bytea }
    /// As `bytea`.
    public func encode(into writer: inout WireWriter) { withUnsafeBytes { writer.raw($0) } }
}

extension Bytes64: SQLEncodable {
    /// `bytea`
    public static var sqlType: SQLType { .bytea }
    /// As `bytea`.
    public func encode(into writer: inout WireWriter) { withUnsafeBytes { writer.raw($0) } }
}

/// A `bytea` of any length. (A plain byte array would be taken for an SQL array.)
public struct Bytea: Hashable, Sendable, SQLEncodable {
    /// The bytes.
    public var bytes: [UInt8]
    /// Wraps the bytes.
    public init(_ bytes: [UInt8]) { self.bytes = bytes }
    /// `bytea`
    public static var sqlType: SQLType { .bytea }
    /// As it is.
    public func encode(into writer: inout WireWriter) { writer.raw(bytes) }
}

/// JSON text of the type `jsonb`, in UTF-8. As a result it is the server's own spelling of it.
public struct JSONText: Hashable, Sendable, SQLEncodable {
    /// The text, UTF-8.
    public var bytes: [UInt8]
    /// Wraps JSON text; it is the server that checks it.
    public init(_ bytes: [UInt8]) { self.bytes = bytes }
    /// `jsonb`
    public static var sqlType: SQLType { .jsonb }
    /// `jsonb` in binary is one version byte and then the text.
    public func encode(into writer: inout WireWriter) {
        writer.integer(UInt8(1))
        writer.raw(bytes)
    }
}
