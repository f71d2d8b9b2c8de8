public import Crypto

extension Bytea: SQLDecodable {
    /// From `bytea`.
    public init(sql field: SQLField) throws(DecodingProblem) { self.init([UInt8](try field.payload(17))) }
}

extension Bytes32: SQLDecodable {
    /// From `bytea` of 32 bytes.
    public init(sql field: SQLField) throws(DecodingProblem) {
        guard let value = Bytes32(try field.payload(17)) else { throw .malformed }
        self = value
    }
}

extension Bytes64: SQLDecodable {
    /// From `bytea` of 64 bytes.
    public init(sql field: SQLField) throws(DecodingProblem) {
        guard let value = Bytes64(try field.payload(17)) else { throw .malformed }
        self = value
    }
}

extension JSONText: SQLDecodable {
    /// From `jsonb` or `json`.
    public init(sql field: SQLField) throws(DecodingProblem) {
        let bytes = try field.payload(3802, 114)
        guard field.type == 3802 else {
            self.init([UInt8](bytes))
            return
        }
        guard bytes.first == 1 else { throw .malformed }
        self.init([UInt8](bytes.dropFirst()))
    }
}

extension SQLUUID: SQLDecodable {
    /// From `uuid`.
    public init(sql field: SQLField) throws(DecodingProblem) {
        guard let value = SQLUUID(try field.payload(2950)) else { throw .malformed }
        self = value
    }
}

extension SQLTimestamp: SQLDecodable {
    /// From `timestamptz`.
    public init(sql field: SQLField) throws(DecodingProblem) {
        self.init(wire: try SQLField.integer(field.payload(1184)))
    }
}

/// A composite of one `bigint[]`.
public struct TagSet: Hashable, Sendable, SQLDecodable {
    /// The keys; nil where the composite's column is NULL.
    public var keys: [Int64]?

    /// Direct form.
    public init(_ keys: [Int64]?) { self.keys = keys }

    /// The composite's own type has another identifier in every database, so only its shape is checked.
    public init(sql field: SQLField) throws(DecodingProblem) {
        guard let bytes = field.bytes else { throw .isNull }
        var reader = WireReader(bytes)
        guard try reader.integer(Int32.self) == 1 else { throw .wrongType }
        let type = try reader.integer(UInt32.self)
        let length = Int(try reader.integer(Int32.self))
        self.init(try [Int64]?(sql: SQLField(type: type, bytes: length < 0 ? nil : try reader.take(length))))
    }
}

/// Arrays of one dimension; an element that may be NULL needs an optional element type.
extension Array: SQLDecodable where Element: SQLDecodable {
    /// From an array of one dimension; a NULL element is an error unless the element type is optional.
    public init(sql field: SQLField) throws(DecodingProblem) {
        guard let bytes = field.bytes else { throw .isNull }
        var reader = WireReader(bytes)
        let dimensions = try reader.integer(Int32.self)
        _ = try reader.integer(Int32.self)
        let elementType = try reader.integer(UInt32.self)
        self = []
        guard dimensions != 0 else { return }
        guard dimensions == 1 else { throw .wrongType }
        let count = Int(try reader.integer(Int32.self))
        _ = try reader.integer(Int32.self)
        // Each element has at least its length: a count that cannot be true reserves nothing.
        guard count >= 0, count <= reader.remaining / 4 else { throw .malformed }
        reserveCapacity(count)
        for _ in 0..<count {
            let length = Int(try reader.integer(Int32.self))
            let element = length < 0 ? nil : try reader.take(length)
            append(try Element(sql: SQLField(type: elementType, bytes: element)))
        }
    }
}

/// Reads a binary form from front to back; every step checks what is left.
struct WireReader {
    private var bytes: Slice<UnsafeRawBufferPointer>

    init(_ bytes: UnsafeRawBufferPointer) { self.bytes = bytes[...] }

    var remaining: Int { bytes.count }

    mutating func take(_ count: Int) throws(DecodingProblem) -> UnsafeRawBufferPointer {
        guard count >= 0, count <= bytes.count else { throw .malformed }
        defer { bytes = bytes.dropFirst(count) }
        return UnsafeRawBufferPointer(rebasing: bytes.prefix(count))
    }

    mutating func integer<Value: FixedWidthInteger>(_ type: Value.Type) throws(DecodingProblem) -> Value {
        try SQLField.integer(take(MemoryLayout<Value>.size))
    }
}
