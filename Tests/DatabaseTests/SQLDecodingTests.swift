import Testing

@testable import Database

/// Binary forms that are wrong, as a broken or hostile peer could send them.
@Suite struct SQLDecodingTests {
    private func decode<Value: SQLDecodable>(_ type: Value.Type, oid: UInt32, _ bytes: [UInt8]?) throws -> Value {
        guard let bytes else { return try Value(sql: SQLField(type: oid, bytes: nil)) }
        return try bytes.withUnsafeBytes { try Value(sql: SQLField(type: oid, bytes: $0)) }
    }

    @Test(arguments: [0, 3, 5, 8]) func `an integer of another length is malformed`(count: Int) {
        #expect(throws: DecodingProblem.malformed) {
            try decode(Int32.self, oid: 23, [UInt8](repeating: 0, count: count))
        }
    }

    @Test func `another type is not guessed at`() {
        #expect(throws: DecodingProblem.wrongType) { try decode(Int32.self, oid: 25, Array("1234".utf8)) }
        #expect(throws: DecodingProblem.wrongType) { try decode(String.self, oid: 17, Array("abc".utf8)) }
        #expect(throws: DecodingProblem.wrongType) { try decode(Bytea.self, oid: 25, [1]) }
    }

    @Test func `smaller integers are read as larger ones`() throws {
        #expect(try decode(Int64.self, oid: 21, [0xFF, 0xFE]) == -2)
        #expect(try decode(Int.self, oid: 23, [0, 0, 1, 0]) == 256)
        #expect(try decode(Int64.self, oid: 26, [0xFF, 0xFF, 0xFF, 0xFF]) == 4_294_967_295)
    }

    @Test func `NULL is an error unless it may be`() throws {
        #expect(throws: DecodingProblem.isNull) { try decode(Bool.self, oid: 16, nil) }
        #expect(try decode(Bool?.self, oid: 16, nil) == nil)
        #expect(throws: DecodingProblem.isNull) { try decode([Int32].self, oid: 1007, nil) }
    }

    @Test func `text that is no UTF-8 is malformed`() {
        #expect(throws: DecodingProblem.malformed) { try decode(String.self, oid: 25, [0xC3, 0x28]) }
    }

    @Test func `jsonb of another version is malformed`() {
        #expect(throws: DecodingProblem.malformed) { try decode(JSONText.self, oid: 3802, [2, 0x7B, 0x7D]) }
        #expect(throws: DecodingProblem.malformed) { try decode(JSONText.self, oid: 3802, []) }
    }

    @Test func `an identifier has sixteen bytes`() {
        #expect(throws: DecodingProblem.malformed) {
            try decode(SQLUUID.self, oid: 2950, [UInt8](repeating: 1, count: 15))
        }
    }

    /// dimensions, flag, element type 23, count, lower bound, then elements.
    private static let array: [UInt8] =
        [0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 23, 0, 0, 0, 2, 0, 0, 0, 1] + [
            0, 0, 0, 4, 0, 0, 0, 7, 0, 0, 0, 4, 0, 0, 0, 8,
        ]

    @Test func `a whole array is read`() throws {
        #expect(try decode([Int32].self, oid: 1007, Self.array) == [7, 8])
    }

    @Test func `an array that is cut anywhere is malformed`() {
        for count in 0..<Self.array.count where count != 0 {
            #expect(throws: DecodingProblem.self, "\(count)") {
                try decode([Int32].self, oid: 1007, Array(Self.array.prefix(count)))
            }
        }
    }

    @Test func `an array that claims billions of elements reserves nothing`() {
        var bytes = Self.array
        bytes.replaceSubrange(12..<16, with: [0x7F, 0xFF, 0xFF, 0xFF])
        #expect(throws: DecodingProblem.malformed) { try decode([Int32].self, oid: 1007, bytes) }
        bytes.replaceSubrange(12..<16, with: [0xFF, 0xFF, 0xFF, 0xFF])
        #expect(throws: DecodingProblem.malformed) { try decode([Int32].self, oid: 1007, bytes) }
    }

    @Test func `an element that reaches over the end is malformed`() {
        var bytes = Self.array
        bytes.replaceSubrange(20..<24, with: [0x7F, 0xFF, 0xFF, 0xFF])
        #expect(throws: DecodingProblem.malformed) { try decode([Int32].self, oid: 1007, bytes) }
    }

    @Test func `two dimensions are not flattened`() {
        var bytes = Self.array
        bytes[3] = 2
        #expect(throws: DecodingProblem.wrongType) { try decode([Int32].self, oid: 1007, bytes) }
    }

    @Test func `a composite of another shape is refused`() {
        #expect(throws: DecodingProblem.wrongType) { try decode(TagSet.self, oid: 99_999, [0, 0, 0, 2]) }
        #expect(throws: DecodingProblem.malformed) { try decode(TagSet.self, oid: 99_999, [0, 0, 0, 1, 0, 0]) }
    }

    @Test func `identifiers print as usual`() {
        #expect(
            SQLUUID(high: 0x0123_4567_89AB_CDEF, low: 0xFEDC_BA98_7654_3210).description
                == "01234567-89ab-cdef-fedc-ba9876543210")
        #expect(SQLUUID.random() != SQLUUID.random())
        #expect(SQLUUID.random().high >> 12 & 15 == 4)
        #expect(SQLUUID.random().low >> 62 == 2)
    }

    @Test func `times out of range are held at its ends`() {
        #expect(SQLTimestamp(seconds: .max).microseconds == .max)
        #expect(SQLTimestamp(seconds: .min).microseconds == .min)
        #expect(SQLTimestamp(microseconds: -1).seconds == -1)
        #expect(SQLTimestamp(wire: .max - 1).microseconds == .max)
    }
}
