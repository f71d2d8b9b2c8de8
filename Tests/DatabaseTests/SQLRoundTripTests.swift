import Crypto
import Support
import Testing

@testable import Database

/// Every type at its boundaries, to the server and back, all in binary.
@Suite struct SQLRoundTripTests {
    private func echo<Value: SQLDecodable>(_ value: SQLValue, as type: Value.Type, _ pool: Pool) async throws -> Value {
        try await pool.fetch("SELECT $1", value).only("echo").decode(at: 0)
    }

    private func expect<Value: SQLDecodable & Equatable>(
        _ value: SQLValue, gives expected: Value, _ pool: Pool, _ location: SourceLocation = #_sourceLocation
    ) async throws {
        let found = try await echo(value, as: Value.self, pool)
        #expect(found == expected, "\(value.type)", sourceLocation: location)
    }

    @Test func `scalars come back as they went`() async throws {
        try await withTestDatabase { database in
            let pool = database.pool
            for value in [true, false] { try await expect(.bool(value), gives: value, pool) }
            for value in [Int16.min, -1, 0, 1, .max] { try await expect(.int2(value), gives: value, pool) }
            for value in [Int32.min, -1, 0, 1, .max] { try await expect(.int4(value), gives: value, pool) }
            for value in [Int64.min, -1, 0, 1, .max] { try await expect(.int8(value), gives: value, pool) }
            for value in [-Double.infinity, -0.0, .leastNonzeroMagnitude, 1.5, .greatestFiniteMagnitude, .infinity] {
                let found = try await echo(.float8(value), as: Double.self, pool)
                #expect(found.bitPattern == value.bitPattern)
            }
            let nan = try await echo(.float8(.nan), as: Double.self, pool)
            #expect(nan.isNaN)
            for value in ["", "a", "\u{1}\u{7F}\u{80}\u{FFFD}\u{10FFFF}", String(repeating: "ж", count: 100_000)] {
                try await expect(.text(value), gives: value, pool)
            }
        }
    }

    @Test func `bytes, identifiers and times come back as they went`() async throws {
        try await withTestDatabase { database in
            let pool = database.pool
            for count in [0, 1, 31, 32, 33, 1 << 20] {
                let bytes = (0..<count).map { UInt8(truncatingIfNeeded: $0) }
                try await expect(.bytea(bytes), gives: Bytea(bytes), pool)
            }
            let key = try #require(Bytes32((0..<32).map { UInt8($0) }))
            try await expect(.bytea(key.bytes), gives: key, pool)
            for uuid in [SQLUUID(high: 0, low: 0), SQLUUID(high: .max, low: .max), .random()] {
                try await expect(.uuid(uuid), gives: uuid, pool)
            }
            // From 4713 BC to the year 294246, and the two that stand for infinity.
            let times: [Int64] = [-210_866_803_200_000_000, -1, 0, 1, 946_684_800_000_000, .max - 1]
            for time in times.map(SQLTimestamp.init(microseconds:)) {
                try await expect(.timestamptz(time), gives: time, pool)
            }
            for time in [Int64.min, .max].map(SQLTimestamp.init(microseconds:)) {
                try await expect(.timestamptz(time), gives: time, pool)
            }
        }
    }

    @Test func `the server reads the values we mean`() async throws {
        try await withTestDatabase { database in
            let pool = database.pool
            let row = try await pool.fetch(
                "SELECT $1::text, encode($2, 'hex'), $3::text, extract(epoch FROM $4)::bigint, $5 ->> 'a'",
                .int8(-42), .bytea([0, 0x0A, 0xFF]), .uuid(SQLUUID(high: 0x0123_4567_89AB_CDEF, low: 1)),
                .timestamptz(SQLTimestamp(seconds: 1_700_000_000)), .jsonb(Array(#"{"a":"\u00e9"}"#.utf8))
            ).only("t")
            let values = try row.decode(String.self, String.self, String.self, Int64.self, String.self)
            #expect(values == ("-42", "000aff", "01234567-89ab-cdef-0000-000000000001", 1_700_000_000, "é"))
        }
    }

    @Test func `NULL of every type is NULL`() async throws {
        let nulls: [SQLValue] = [
            .bool(nil), .int2(nil), .int4(nil), .int8(nil), .float8(nil), .text(nil), .bytea(nil), .jsonb(nil),
            .uuid(nil), .timestamptz(nil),
        ]
        try await withTestDatabase { database in
            for value in nulls {
                let row = try await database.pool.fetch("SELECT $1 IS NULL, $1", value).only("t")
                #expect(try row.decode(Bool.self, at: 0), "\(value.type)")
                #expect(throws: DatabaseError.self) { try row.decode(String.self, at: 1) }
            }
        }
    }

    @Test func `arrays come back with their NULLs`() async throws {
        try await withTestDatabase { database in
            let pool = database.pool
            try await expect(.int8s([]), gives: [Int64](), pool)
            try await expect(.bools([true, nil, false]), gives: [true, nil, false], pool)
            try await expect(.int2s([.min, nil, .max]), gives: [Int16.min, nil, .max], pool)
            try await expect(.int4s([.min, nil, .max]), gives: [Int32.min, nil, .max], pool)
            try await expect(.int8s([.min, nil, .max]), gives: [Int64.min, nil, .max], pool)
            try await expect(.float8s([1.5, nil]), gives: [1.5, nil], pool)
            try await expect(
                .texts(["", nil, "NULL", "a,{}\"\\"]), gives: ["", nil, "NULL", "a,{}\"\\"] as [String?], pool)
            let bytes: [Bytea?] = [Bytea([]), nil, Bytea([0, 255])]
            try await expect(.byteas([[], nil, [0, 255]]), gives: bytes, pool)
            let uuid = SQLUUID.random()
            try await expect(.uuids([uuid, nil]), gives: [uuid, nil], pool)
            let json: [JSONText?] = [JSONText(Array("[]".utf8)), nil]
            try await expect(.jsonbs([Array("[]".utf8), nil]), gives: json, pool)
            let time = SQLTimestamp(seconds: 7)
            try await expect(.timestamptzs([time, nil]), gives: [time, nil], pool)
        }
    }

    @Test func `an array of a composite finds its type by name in a copied database`() async throws {
        try await withTestDatabase { database in
            let sets: [[Int64]?] = [[1, -1, .max], [], nil]
            let found = try await echo(.tagSets(sets), as: [TagSet?].self, database.pool)
            #expect(found == [TagSet([1, -1, .max]), TagSet([]), nil])
            let second = try await database.pool.fetch("SELECT (($1)[1]).k[3]", .tagSets(sets)).only("t")
            #expect(try second.decode(Int64.self, at: 0) == .max)
        }
    }

    @Test func `an element that is NULL needs an optional type`() async throws {
        try await withTestDatabase { database in
            let error = await #expect(throws: DatabaseError.self) {
                try await echo(.int8s([1, nil]), as: [Int64].self, database.pool)
            }
            #expect(error?.kind == .decoding)
        }
    }

    @Test func `text with NUL fails before it is sent`() async throws {
        try await withTestDatabase { database in
            for value in [SQLValue.text("a\0b"), .texts(["a", "\0"])] {
                let error = await #expect(throws: DatabaseError.self) {
                    try await database.pool.fetch("SELECT $1", value)
                }
                #expect(error?.kind == .encoding)
                #expect(error?.wasSent == false)
            }
            let rows = try await database.pool.fetch("SELECT 1")
            #expect(rows.count == 1, "the connection is as good as before")
        }
    }

    @Test func `what the server cannot hold is an error of data that tells none`() async throws {
        let cases: [(NamedStatement, SQLValue, String)] = [
            ("SELECT $1 -> 'a'", .jsonb(Array(#"{"a":"\u0000"}"#.utf8)), "22P05"),
            ("SELECT $1 -> 'a'", .jsonb(Array("secretword".utf8)), "22P02"),
            ("SELECT $1::text::int", .text("secretword"), "22P02"),
            ("SELECT convert_from($1, 'UTF8')", .bytea([0xFF, 0xFE]), "22021"),
            ("SELECT 1 / $1", .int4(0), "22012"),
        ]
        try await withTestDatabase { database in
            for (statement, value, state) in cases {
                let error = await #expect(throws: DatabaseError.self) {
                    try await database.pool.fetch(statement, value)
                }
                #expect(error?.kind == .dataError, "\(state)")
                #expect(error?.sqlState == state)
                #expect(error.map { "\($0)".contains("secretword") } == false)
            }
        }
    }
}
