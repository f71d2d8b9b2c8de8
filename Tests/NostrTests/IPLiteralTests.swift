import Testing

@testable import Nostr

@Suite struct IPLiteralTests {
    /// Text, RFC 5952 form.
    static let v6 = [
        ("::", "::"), ("::1", "::1"), ("1::", "1::"), ("0:0:0:0:0:0:0:0", "::"), ("1:2:3:4:5:6:7:8", "1:2:3:4:5:6:7:8"),
        ("2001:DB8::0001", "2001:db8::1"), ("2001:db8:0:1:1:1:1:1", "2001:db8:0:1:1:1:1:1"),
        ("2001:0:0:1:0:0:0:1", "2001:0:0:1::1"), ("2001:db8:0:0:1:0:0:1", "2001:db8::1:0:0:1"),
        ("::ffff:1.2.3.4", "::ffff:102:304"), ("1:2:3:4:5:6:1.2.3.4", "1:2:3:4:5:6:102:304"),
        ("1:2:3:4:5:6:7::", "1:2:3:4:5:6:7:0"),
        ("::2:3:4:5:6:7:8", "0:2:3:4:5:6:7:8"),
    ]

    @Test(arguments: v6) func `IPv6 has one spelling`(_ text: String, _ canonical: String) throws {
        let address = try #require(IPLiteral.v6(text))
        #expect(address.text == canonical)
        #expect(IPLiteral.v6(canonical) == address)
    }

    @Test(arguments: [
        ("1.2.3.4", "1.2.3.4"), ("1.2.772", "1.2.3.4"), ("1.131844", "1.2.3.4"), ("16909060", "1.2.3.4"),
        ("0x1020304", "1.2.3.4"), ("0x", "0.0.0.0"), ("0100.0.0.1", "64.0.0.1"), ("4294967295", "255.255.255.255"),
    ])
    func `IPv4 has many spellings and one value`(_ text: String, _ canonical: String) {
        #expect(IPLiteral.v4(text)?.text == canonical)
    }

    @Test func `the edges of every reserved range of IPv4`() {
        let ranges: [(String, String)] = [
            ("0.0.0.0", "0.255.255.255"), ("10.0.0.0", "10.255.255.255"), ("100.64.0.0", "100.127.255.255"),
            ("127.0.0.0", "127.255.255.255"), ("169.254.0.0", "169.254.255.255"), ("172.16.0.0", "172.31.255.255"),
            ("192.0.0.0", "192.0.0.255"), ("192.0.2.0", "192.0.2.255"), ("192.88.99.0", "192.88.99.255"),
            ("192.168.0.0", "192.168.255.255"), ("198.18.0.0", "198.19.255.255"), ("198.51.100.0", "198.51.100.255"),
            ("203.0.113.0", "203.0.113.255"), ("224.0.0.0", "255.255.255.255"),
        ]
        for (first, last) in ranges {
            guard case .v4(let low)? = IPLiteral.v4(first), case .v4(let high)? = IPLiteral.v4(last) else {
                Issue.record("no address")
                return
            }
            #expect(ReservedAddress.contains(v4: low) && ReservedAddress.contains(v4: high))
            #expect(low == 0 || !ReservedAddress.contains(v4: low - 1))
            #expect(high == .max || !ReservedAddress.contains(v4: high + 1))
        }
    }
}
