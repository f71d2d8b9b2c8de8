import Crypto
import Support
import Testing

@testable import Nostr

@Suite struct NegentropyMessageTests {
    private static func decode(_ hex: String) throws(NegentropyError) -> NegentropyMessage {
        try NegentropyMessage.decode(Hex.decode(Array(hex.utf8)) ?? [])
    }

    private static let fingerprint = String(repeating: "ab", count: 16)
    private static let id = String(repeating: "cd", count: 32)

    @Test func `a message is adjacent ranges`() throws {
        // Second 99 skipped, a fingerprint up to id ff at second 100, one id up to the end.
        let message = try Self.decode("61" + "640000" + "0201ff01\(Self.fingerprint)" + "00000201\(Self.id)")
        #expect(message.byteCount == 60)
        #expect(message.ranges.map(\.lower) == [.start] + message.ranges.dropLast().map(\.upper))
        #expect(
            message.ranges.map(\.upper) == [
                NegentropyBound(timestamp: 99), NegentropyBound(timestamp: 100, prefix: [0xFF]), .infinity,
            ])
        let theirs = try #require(NegentropyFingerprint([UInt8](repeating: 0xAB, count: 16)))
        let id = try #require(EventID(hex: Self.id))
        #expect(message.ranges.map(\.content) == [.skip, .fingerprint(theirs), .ids([id])])
        #expect(message.ranges.map(\.seconds) == [0...98, 99...100, 100...(.max - 1)])
    }

    @Test(arguments: ["61", "61000000", "6101000001000000000200", "6180000000"])
    func `nothing, empty ranges and padded numbers are read`(_ hex: String) throws {
        #expect(try Self.decode(hex).byteCount == hex.utf8.count / 2)
    }

    static let refusals: [(String, NegentropyError)] = [
        ("", .truncated), ("60", .unsupportedVersion), ("62000000", .unsupportedVersion), ("00", .unsupportedVersion),
        ("6100", .truncated), ("610000", .truncated), ("6181", .truncated), ("61000301ff", .truncated),
        ("610000017f", .truncated), ("610000" + "01" + String(fingerprint.dropLast(2)), .truncated),
        ("61" + String(repeating: "ff", count: 9) + "7f0000", .varintOverflow),
        ("6182808080808080808080000000", .varintOverflow), ("61" + String(repeating: "ff", count: 40), .varintOverflow),
        ("61" + "0a0000" + "81ffffffffffffffff7f0000", .timestampOverflow),
        ("61" + "000000" + "030000", .timestampOverflow),
        ("61" + "0201ff00" + "01017f00", .boundsNotAscending),
        ("61" + "0a02000100" + "01020000" + "00", .boundsNotAscending),
        ("61" + "0021" + id + "0000", .idPrefixTooLong), ("6100818080808080808080000000", .idPrefixTooLong),
        ("61000003", .unknownMode), ("610000818080808080808080" + "00", .unknownMode),
        ("61000002" + "01", .idListTooLong), ("61000002" + "02" + id, .idListTooLong),
        ("61000002" + "83dcd6bf00", .idListTooLong), ("61000002" + "81ffffffffffffffff7f", .idListTooLong),
        ("61" + "000000" + "000000" + "000000", .trailingData),
        ("61" + "00000201" + id + "000000" + "00", .trailingData),
    ]

    @Test(arguments: refusals) func `each defect has its reason`(_ hex: String, _ error: NegentropyError) {
        #expect(throws: error) { try Self.decode(hex) }
    }

    @Test func `every reason of a message is tested, and its name is stable`() {
        let ofSessions: Set<NegentropyError> = [
            .messageTooLong, .tooManyRounds, .tooManyBytes, .unexpectedMessage,
        ]
        #expect(Set(Self.refusals.map(\.1)).union(ofSessions) == Set(NegentropyError.allCases))
        for error in NegentropyError.allCases {
            #expect(error.kind.utf8.allSatisfy { $0 == UInt8(ascii: "_") || (0x61...0x7A).contains($0) })
        }
    }

    @Test func `a message may be as long as its limit and no longer`() throws {
        let bytes: [UInt8] = [0x61, 0, 0, 2, 1] + [UInt8](repeating: 0, count: 32)
        #expect(try NegentropyMessage.decode(bytes, limits: .init(maxMessageBytes: 37)).ranges.count == 1)
        #expect(throws: NegentropyError.messageTooLong) {
            try NegentropyMessage.decode(bytes, limits: .init(maxMessageBytes: 36))
        }
    }

    @Test(
        arguments: [
            (0, "00"), (1, "01"), (127, "7f"), (128, "8100"), (16_383, "ff7f"), (16_384, "818000"),
            (.max, "81ffffffffffffffff7f"),
        ] as [(UInt64, String)])
    func `numbers have as few digits as they need`(_ value: UInt64, _ hex: String) {
        var bytes: [UInt8] = []
        NegentropyWriter.append(varint: value, to: &bytes)
        #expect(Hex.encode(bytes) == hex)
    }

    @Test func `sums wrap at 256 bits and do not depend on order`() throws {
        let ones = try #require(EventID([UInt8](repeating: 0xFF, count: 32)))
        let one = try #require(EventID([1] + [UInt8](repeating: 0, count: 31)))
        var sum = NegentropySum()
        sum.add(ones)
        sum.add(one)
        #expect(sum.value == .zero && sum.count == 2)
        sum.add(ones)
        #expect(sum.value == ones)
        let hash = SHA256.hash(ones.bytes + [3])
        #expect(sum.fingerprint.bytes == Array(hash.bytes.prefix(16)))
        #expect(
            NegentropySum().fingerprint.bytes == Array(SHA256.hash([UInt8](repeating: 0, count: 33)).bytes.prefix(16)))
    }

    @Test func `the shortest prefix tells events of one second apart`() throws {
        let item = { (second: UInt64, bytes: [UInt8]) in
            NegentropyItem(timestamp: second, id: NegentropyBound(timestamp: 0, prefix: bytes).position.id)
        }
        let bound = { NegentropyBound(between: item(7, $0), and: item($1, $2)) }
        #expect(bound([9], 8, [1, 2, 3]) == NegentropyBound(timestamp: 8))
        #expect(bound([1, 2, 2], 7, [1, 2, 3, 4]) == NegentropyBound(timestamp: 7, prefix: [1, 2, 3]))
        let last = [UInt8](repeating: 5, count: 31)
        #expect(bound(last + [1], 7, last + [2]).prefixCount == 32)
        #expect(bound(last + [1], 7, last + [1]).prefixCount == 32, "equal events need no room that is not there")
    }

    @Test func `items are sorted and distinct, and none lies before 1970`() {
        let item = {
            NegentropyItem(createdAt: UnixTime(seconds: $0), id: Bytes32([UInt8](repeating: $1, count: 32)) ?? .zero)
        }
        let set = NegentropySet([item(5, 1), item(3, 9), item(5, 0), item(3, 9), item(-4, 2)])
        #expect(set.items == [item(0, 2), item(3, 9), item(5, 0), item(5, 1)] && set.count == 4)
        #expect(item(.max, 0).createdAt == .max && item(-4, 2).createdAt.seconds == 0)
    }
}
