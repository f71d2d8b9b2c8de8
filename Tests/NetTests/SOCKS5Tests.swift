import Settings
import Testing

@testable import Net

@Suite struct SOCKS5Tests {
    private func proxy(host: String = "abc.onion", user: String = "", password: String = "") -> SOCKS5 {
        SOCKS5(host: host, port: 443, user: user, password: password)
    }

    private func feed(_ proxy: inout SOCKS5, _ bytes: [UInt8]) -> SOCKS5.Step { proxy.feed(bytes) }

    private let name: [UInt8] = [5, 1, 0, 3, 9] + Array("abc.onion".utf8) + [1, 187]

    @Test func `without a password the name goes to the proxy unresolved`() {
        var proxy = proxy()
        #expect(proxy.greeting == [5, 1, 0])
        #expect(feed(&proxy, [5, 0]) == .send(name))
        #expect(feed(&proxy, []) == .wait)
        #expect(feed(&proxy, [5, 0, 0, 1, 0, 0, 0, 0, 0, 0]) == .connected(leftover: []))
    }

    @Test func `user and password are given when asked for (RFC 1929)`() {
        var proxy = proxy(user: "me", password: "pw")
        #expect(proxy.greeting == [5, 2, 0, 2])
        #expect(feed(&proxy, [5, 2]) == .send([1, 2] + Array("me".utf8) + [2] + Array("pw".utf8)))
        #expect(feed(&proxy, [1, 0]) == .send(name))
    }

    @Test func `answers come byte by byte, and what follows is the host's`() {
        var proxy = proxy()
        _ = proxy.feed([5])
        _ = proxy.feed([0])
        let answer: [UInt8] = [5, 0, 0, 3, 2, 0x61, 0x62, 0, 80]
        for byte in answer.dropLast() { #expect(feed(&proxy, [byte]) == .wait) }
        #expect(feed(&proxy, [80, 7, 8]) == .connected(leftover: [7, 8]))
    }

    @Test(arguments: [
        ("192.0.2.1", [5, 1, 0, 1, 192, 0, 2, 1, 1, 187]),
        ("::1", [5, 1, 0, 4] + [UInt8](repeating: 0, count: 15) + [1, 1, 187]),
    ])
    func `an address literal goes as an address`(host: String, request: [UInt8]) {
        var proxy = proxy(host: host)
        #expect(feed(&proxy, [5, 0]) == .send(request))
    }

    @Test(arguments: [
        ([[4, 0]], NetError.Kind.proxyProtocol), ([[5, 255]], .proxyAuthentication), ([[5, 2]], .proxyAuthentication),
        ([[72, 84]], .proxyProtocol), ([[5, 0], [5, 4, 0, 1, 0]], .proxyRefused),
        ([[5, 0], [5, 200, 0, 1, 0]], .proxyRefused),
        ([[5, 0], [4, 0, 0, 1, 0]], .proxyProtocol), ([[5, 0], [5, 0, 0, 9, 0]], .proxyProtocol),
    ])
    func `every refusal has its kind`(answers: [[UInt8]], kind: NetError.Kind) {
        var proxy = proxy()
        var last = SOCKS5.Step.wait
        for answer in answers { last = proxy.feed(answer) }
        guard case .failed(let error) = last else { return #expect(Bool(false), "\(answers)") }
        #expect(error.kind == kind)
        #expect(error.step == .proxy)
    }

    @Test func `a wrong password is told`() {
        var proxy = proxy(user: "u", password: "p")
        _ = proxy.feed([5, 2])
        #expect(feed(&proxy, [1, 1]) == .failed(NetError(.proxyAuthentication, .proxy, "refused")))
    }

    @Test func `streams are isolated by the host's name unless the address has a user`() throws {
        let endpoint = Endpoint(isSecure: false, host: "abc.onion", port: 80)
        let plain = try #require(ProxyAddress("socks5://127.0.0.1:9050"))
        let named = try #require(ProxyAddress("socks5://me:pw@127.0.0.1:9050"))
        var isolated = ProxySettings(address: plain).conversation(to: endpoint)
        #expect(isolated.greeting == [5, 2, 0, 2])
        #expect(feed(&isolated, [5, 2]) == .send([1, 9] + Array("abc.onion".utf8) + [8] + Array("bigbrotr".utf8)))
        #expect(ProxySettings(address: plain, isolatesStreams: false).conversation(to: endpoint).greeting == [5, 1, 0])
        var own = ProxySettings(address: named).conversation(to: endpoint)
        #expect(feed(&own, [5, 2]) == .send([1, 2] + Array("me".utf8) + [2] + Array("pw".utf8)))
    }
}
