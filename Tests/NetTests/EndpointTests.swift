import Testing

@testable import Net

@Suite struct EndpointTests {
    @Test(arguments: [
        ("relay.example", 443, true, "relay.example"), ("relay.example", 80, true, "relay.example:80"),
        ("relay.example", 80, false, "relay.example"), ("[2001:db8::1]", 7777, false, "[2001:db8::1]:7777"),
        ("2001:db8::1", 80, false, "[2001:db8::1]"),
    ])
    func `the Host header names what is dialled`(host: String, port: Int, isSecure: Bool, header: String) {
        #expect(Endpoint(isSecure: isSecure, host: host, port: port).hostHeader == header)
    }

    @Test(arguments: [
        ("", 80, "/"), ("a b", 80, "/"), ("a\r\nX: y", 80, "/"), ("a/b", 80, "/"), ("u@h", 80, "/"), ("ä", 80, "/"),
        ("a", 0, "/"), ("a", 65_536, "/"), ("a", -1, "/"), ("a", 80, "x"), ("a", 80, "/ HTTP/1.1\r\nX: y"),
        ("a", 80, "/#f"), ("a", 80, "/\u{0}"),
    ])
    func `nothing gets out of its place in the request`(host: String, port: Int, path: String) {
        let endpoint = Endpoint(isSecure: false, host: host, port: port, path: path)
        #expect(throws: NetError.self) { try endpoint.validated() }
    }

    @Test func `lengths have limits`() throws {
        let name = String(repeating: "a", count: 255)
        try Endpoint(isSecure: true, host: name, port: 443, path: "/" + String(repeating: "p", count: 4_095))
            .validated()
        #expect(throws: NetError.self) { try Endpoint(isSecure: true, host: name + "a", port: 443).validated() }
    }

    @Test func `an error's detail is short and printable`() {
        let error = NetError(.upgradeRefused, .upgrade, "a\u{7}\u{1B}[31m\n" + String(repeating: "é", count: 400))
        #expect(error.detail.utf8.count == 200)
        #expect(error.detail.hasPrefix("a??[31m???"))
    }
}
