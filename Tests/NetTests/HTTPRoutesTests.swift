import Settings
import Testing

@testable import Net

@Suite struct HTTPRoutesTests {
    private func routes(_ change: (inout NetworksSettings) -> Void) -> HTTPRoutes {
        var networks = NetworksSettings()
        change(&networks)
        return HTTPRoutes(networks: networks)
    }

    @Test(arguments: [
        ("http://a.onion/list", 1), ("https://A.ONION:8443/", 1), ("http://a.onion./", 1), ("http://a.i2p/", 2),
        ("http://a.loki/", 3), ("https://a.example/", 0), ("http://onion.example/", 0), ("http://127.0.0.1:1/", 0),
    ])
    func `each network has its own road`(url: String, port: Int) throws {
        let routes = routes {
            $0.tor.proxy = "socks5://127.0.0.1:1"
            $0.i2p.proxy = "socks5://127.0.0.1:2"
            $0.loki.proxy = "socks5://127.0.0.1:3"
        }
        #expect(try routes.proxy(for: url)?.address.port ?? 0 == port)
    }

    @Test func `clearnet may have a proxy, which overlay hosts are not sent to`() throws {
        let routes = routes { $0.clearnet.proxy = "socks5://127.0.0.1:9" }
        #expect(try routes.proxy(for: "https://a.example/")?.address.port == 9)
        #expect(throws: FetchError(.noProxy, "a.onion")) { try routes.proxy(for: "http://a.onion/") }
        #expect(throws: FetchError(.badURL)) { try routes.proxy(for: "ftp://a.example/") }
    }
}
