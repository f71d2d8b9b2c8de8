import Testing

@testable import Net

@Suite struct AddressGuardTests {
    @Test(arguments: [
        ("1.1.1.1", AddressClass.global), ("0.0.0.0", .unspecified), ("0.1.2.3", .unspecified),
        ("10.0.0.1", .privateUse),
        ("100.64.0.1", .sharedSpace), ("100.63.255.255", .global), ("100.128.0.0", .global), ("127.0.0.1", .loopback),
        ("127.255.255.255", .loopback), ("169.254.169.254", .linkLocal), ("172.16.0.1", .privateUse),
        ("172.31.255.255", .privateUse), ("172.32.0.0", .global), ("172.15.255.255", .global), ("192.0.0.8", .reserved),
        ("192.0.2.1", .documentation), ("192.88.99.1", .sixToFour), ("192.168.0.1", .privateUse),
        ("198.18.0.1", .benchmark),
        ("198.19.255.255", .benchmark), ("198.20.0.0", .global), ("198.51.100.7", .documentation),
        ("203.0.113.9", .documentation), ("224.0.0.1", .multicast), ("239.255.255.255", .multicast),
        ("240.0.0.1", .reserved),
        ("255.255.255.254", .reserved), ("255.255.255.255", .broadcast), ("223.255.255.255", .global),
    ])
    func `IPv4`(literal: String, expected: AddressClass) {
        #expect(ResolvedAddress(literal: literal).map { AddressClass($0) } == expected)
    }

    @Test(arguments: [
        ("2606:4700::1111", AddressClass.global), ("::", .unspecified), ("::1", .loopback), ("::2", .v4Compatible),
        ("::8.8.8.8", .v4Compatible), ("::ffff:127.0.0.1", .loopback), ("::ffff:10.1.2.3", .privateUse),
        ("::ffff:8.8.8.8", .global), ("::ffff:169.254.169.254", .linkLocal), ("::ffff:0:8.8.8.8", .v4Translated),
        ("64:ff9b::127.0.0.1", .loopback), ("64:ff9b::8.8.8.8", .global), ("64:ff9b:0:0:1::", .reserved),
        ("64:ff9b:1::8.8.8.8", .nat64Local), ("64:ff9b:1:ffff::", .nat64Local), ("100::1", .reserved),
        ("2001::1", .teredo), ("2001:0:ffff::1", .teredo), ("2001:2::1", .benchmark), ("2001:10::1", .reserved),
        ("2001:20::1", .reserved), ("2001:1ff::1", .reserved), ("2001:200::1", .global),
        ("2001:db8::1", .documentation),
        ("2001:db9::1", .global), ("2002:7f00:1::", .sixToFour), ("2002:808:808::1", .sixToFour),
        ("3fff:fff::1", .documentation), ("3fff:1000::1", .global), ("4000::1", .reserved), ("5f00::1", .reserved),
        ("fc00::1", .uniqueLocal), ("fdff::1", .uniqueLocal), ("fe00::1", .reserved), ("fe80::1", .linkLocal),
        ("febf::1", .linkLocal), ("fec0::1", .siteLocal), ("ff02::1", .multicast), ("ffff::1", .multicast),
    ])
    func `IPv6`(literal: String, expected: AddressClass) {
        #expect(ResolvedAddress(literal: literal).map { AddressClass($0) } == expected)
    }

    @Test func `only public addresses are allowed, and local ones by the switch`() {
        for (literal, isLocal) in [
            ("127.0.0.1", true), ("::1", true), ("10.0.0.1", true), ("fd00::1", true), ("100.64.0.1", true),
            ("::ffff:192.168.1.1", true), ("169.254.169.254", false), ("fe80::1", false), ("0.0.0.0", false),
            ("224.0.0.1", false), ("192.0.2.1", false), ("2002:7f00:1::", false),
        ] {
            guard let address = ResolvedAddress(literal: literal) else { continue }
            let reason = AddressGuard.Verdict.refused(AddressClass(address))
            #expect(AddressGuard().check(address) == reason, "\(literal)")
            #expect(AddressGuard(allowsLocal: true).check(address) == (isLocal ? .allowed : reason), "\(literal)")
        }
    }

    @Test func `bad addresses are left out, and all bad is an error with the reason`() throws {
        let good = ResolvedAddress(1, 1, 1, 1)
        #expect(try AddressGuard().filter([ResolvedAddress(10, 0, 0, 1), good]) == [good])
        #expect(throws: NetError(.addressForbidden, .resolve, "private")) {
            try AddressGuard().filter([ResolvedAddress(10, 0, 0, 1), ResolvedAddress(127, 0, 0, 1)])
        }
        #expect(throws: NetError(.nameNotFound, .resolve, "no address")) { try AddressGuard().filter([]) }
    }

    @Test(arguments: ["127.1", "0x7f.1", "2130706433", "localhost", "1.2.3.4:80", "[::1]", "::1%lo", "1.2.3.004", ""])
    func `a literal is nothing but an address`(text: String) { #expect(ResolvedAddress(literal: text) == nil) }

    @Test(arguments: ["127.0.0.1", "127.1", "0x7f.1", "2130706433", "0177.0.0.1"])
    func `every spelling of loopback resolves to loopback`(host: String) async throws {
        let addresses = try await SystemResolver.shared.addresses(of: host, within: .seconds(5))
        #expect(addresses.map { AddressClass($0) } == [.loopback])
    }

    @Test func `a name without an address is an error`() async {
        let error = await #expect(throws: NetError.self) {
            try await SystemResolver.shared.addresses(of: "no-such-host.invalid", within: .seconds(30))
        }
        #expect(error.map { [.nameNotFound, .resolverFailed].contains($0.kind) } == true)
    }

    @Test func `a lookup whose time is over is not waited for`() async {
        let error = await #expect(throws: NetError.self) {
            try await SystemResolver.shared.addresses(of: "no-such-host.invalid", within: .zero)
        }
        #expect(error?.kind == .timeout)
    }
}
