import Support
import Testing

@testable import Net

@Suite struct DNSMessageTests {
    private static let question = DNSQuestion("a.test", .a)

    /// A message with these records, each an owner, a type, a TTL and data.
    private func message(
        _ records: [(String, UInt16, UInt32, [UInt8])], to question: DNSQuestion = Self.question, count: UInt16? = nil
    ) -> [UInt8] {
        let big = { (number: UInt16) in [UInt8(number >> 8), UInt8(number & 0xFF)] }
        let encoded = records.flatMap { owner, type, ttl, data in
            FakeNameServer.encoded(owner) + big(type) + [0, 1] + big(UInt16(ttl >> 16))
                + big(UInt16(ttl & 0xFFFF)) + big(UInt16(data.count)) + data
        }
        return [0, 1, 0x81, 0x80, 0, 1] + big(count ?? UInt16(records.count)) + [0, 0, 0, 0]
            + FakeNameServer.encoded(question.name) + big(question.kind.rawValue) + [0, 1] + encoded
    }

    private func read(_ bytes: [UInt8], _ question: DNSQuestion = Self.question) -> Result<DNSAnswer, DNSError> {
        Result { () throws(DNSError) in try DNSMessage(bytes).answer(to: question) }
    }

    @Test func `addresses come with the least time to live, the aliases' included`() throws {
        let answer = try read(
            message([
                ("A.test", 5, 100, FakeNameServer.encoded("b.test")),
                ("b.test", 5, 50, FakeNameServer.encoded("C.test")),
                ("c.test", 1, 300, [192, 0, 2, 1]), ("c.test", 1, 300, [192, 0, 2, 2]),
                ("other.test", 1, 1, [192, 0, 2, 3]), ("c.test", 1, 300, [192, 0, 2, 1]),
            ])
        ).get()
        #expect(answer.addresses.map(\.description) == ["192.0.2.1", "192.0.2.2"])
        #expect(answer.aliases == ["b.test", "c.test"])
        #expect(answer.ttlSeconds == 50 && !answer.isCut)
    }

    @Test func `names are those of the question's owner`() throws {
        let question = DNSQuestion("a.test.", .ns)
        let records = [("a.test", UInt16(2), UInt32(9), FakeNameServer.encoded("NS1.x.test"))]
        #expect(try read(message(records, to: question), question).get().names == ["ns1.x.test"])
        #expect(read(message([("b.test", 2, 9, [0])], to: question), question) == .failure(.noData))
    }

    @Test func `a thousand addresses are sixteen, and it shows`() throws {
        let many = (0..<1_000).map { index in
            ("a.test", UInt16(1), UInt32(60), [10, 0, UInt8(index / 256), UInt8(index % 256)])
        }
        let answer = try read(message(many)).get()
        #expect(answer.addresses.count == DNSAnswer.mostRecords && answer.isCut)
    }

    @Test func `times above 31 bits count as nothing`() throws {
        #expect(try read(message([("a.test", 1, 0xFFFF_FFFF, [1, 2, 3, 4])])).get().ttlSeconds == 0)
        #expect(try read(message([("a.test", 1, 0x7FFF_FFFF, [1, 2, 3, 4])])).get().ttlSeconds == 0x7FFF_FFFF)
    }

    @Test func `aliases in a ring end`() {
        let ring = [
            ("a.test", UInt16(5), UInt32(9), FakeNameServer.encoded("b.test")),
            ("b.test", 5, 9, FakeNameServer.encoded("a.test")),
        ]
        #expect(read(message(ring)) == .failure(.noData))
    }

    @Test func `names that point at themselves or behind the end are no names`() {
        let start = message([]).count
        let itself: [UInt8] = [0xC0, UInt8(start), 0, 1, 0, 1, 0, 0, 0, 9, 0, 4, 1, 2, 3, 4]
        #expect(read(message([], count: 1) + itself) == .failure(.badAnswer))
        #expect(read(message([], count: 1) + [0xFF, 0xFF] + itself.dropFirst(2)) == .failure(.badAnswer))
        #expect(read(message([("a.test", 5, 9, [0xC0, UInt8(start + 18)])])) == .failure(.noData))
    }

    @Test func `lengths that do not fit are no answer`() {
        #expect(read(message([("a.test", 1, 60, [1, 2, 3])])) == .failure(.badAnswer))
        #expect(read(message([("a.test", 1, 60, [1, 2, 3, 4])], count: 9)) == .failure(.badAnswer))
        #expect(read(message([("a.test", 1, 60, [1, 2, 3, 4])]).dropLast(1) + []) == .failure(.badAnswer))
        #expect(read([]) == .failure(.badAnswer))
        #expect(read(message([])) == .failure(.noData))
    }

    @Test func `no bytes trap`() {
        var random = SplitMix64(seed: 53)
        let good = message([
            ("a.test", 5, 100, FakeNameServer.encoded("b.test")), ("b.test", 1, 300, [192, 0, 2, 1]),
        ])
        for _ in 0..<20_000 {
            var bytes = good
            for _ in 0..<Int.random(in: 1...6, using: &random) {
                bytes[Int.random(in: 2..<bytes.count, using: &random)] = UInt8.random(in: 0...255, using: &random)
            }
            bytes.removeLast(Int.random(in: 0...bytes.count, using: &random) / 4)
            _ = read(bytes)
        }
    }

    @Test(arguments: [
        ("192.0.2.1", "1.2.0.192.in-addr.arpa"),
        ("2001:db8::567:89ab", "b.a.9.8.7.6.5.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.8.b.d.0.1.0.0.2.ip6.arpa"),
    ])
    func `an address has its name in reverse`(address: String, name: String) throws {
        #expect(DNSQuestion(pointerTo: try #require(ResolvedAddress(literal: address))).name == name)
    }

    @Test(arguments: [
        ("192.0.2.53", "192.0.2.53:53"), ("192.0.2.53:5353", "192.0.2.53:5353"), ("2001:db8::35", "[2001:db8::35]:53"),
        ("[2001:db8::35]:5353", "[2001:db8::35]:5353"), ("ns.example", nil), ("192.0.2.53:0", nil),
        ("192.0.2.53:65536", nil), ("[192.0.2.53]:53", nil), ("", nil), (":53", nil), ("[2001:db8::35]", nil),
    ])
    func `a server is an address, with a port or without`(text: String, server: String?) {
        #expect(NameServer(text)?.description == server)
    }
}
