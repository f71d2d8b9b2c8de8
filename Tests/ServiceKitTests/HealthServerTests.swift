import Database
import Foundation
import Glibc
import Settings
import Support
import Telemetry
import Testing

@testable import ServiceKit

/// Real sockets on loopback.
@Suite struct HealthServerTests {
    private func withServer(
        maxConnections: Int,
        _ respond: @escaping @Sendable (String) async -> HealthResponse,
        _ body: @escaping @Sendable (Int) async throws -> Void
    ) async throws {
        // Whatever a busy machine delays, no connection of a test ends by this clock.
        let server = HealthServer(
            settings: HealthSettings(), respond: respond, logger: LogLines().logger(),
            maxConnections: maxConnections, deadline: .seconds(600))
        try await server.withRunning { port in try await body(port) }
    }

    private func withRoutes(
        ready: Bool, maxConnections: Int = 64, _ body: @escaping @Sendable (Int) async throws -> Void
    ) async throws {
        let metrics = PrometheusRegistry()
        let readiness = Readiness(failureLimit: .zero, clock: MonotonicClock(ContinuousClock()))
        readiness.note(.init("database", isHealthy: true))
        readiness.note(.init("schema", isHealthy: ready, reason: ready ? nil : "no schema yet"))
        let routes = HealthRoutes(
            service: "trial", readiness: readiness, metrics: metrics, process: ProcessMetrics(factory: metrics),
            healthCheck: { HealthReport([.init("own", isHealthy: true)]) })
        try await withServer(maxConnections: maxConnections, routes.response, body)
    }

    /// What the server sends to these bytes until it closes; run off the cooperative pool.
    private func exchange(_ port: Int, _ request: String) async -> String {
        await withCheckedContinuation { continuation in
            Thread { continuation.resume(returning: Self.blockingExchange(port, request)) }.start()
        }
    }

    private func get(_ port: Int, _ path: String) async -> String {
        await exchange(port, "GET \(path) HTTP/1.1\r\nHost: x\r\n\r\n")
    }

    @Test func `the process is alive`() async throws {
        try await withRoutes(ready: false) { port in
            let answer = await get(port, "/healthz")
            #expect(answer.hasPrefix("HTTP/1.1 200 OK\r\n"))
            #expect(answer.hasSuffix("\r\n\r\nok\n"))
            #expect(answer.contains("connection: close\r\n"))
        }
    }

    @Test func `readiness says which condition fails`() async throws {
        try await withRoutes(ready: false) { port in
            let answer = await get(port, "/readyz?verbose")
            #expect(answer.hasPrefix("HTTP/1.1 503 "))
            #expect(answer.contains(#"{"name":"schema","ok":false,"reason":"no schema yet"}"#))
        }
        try await withRoutes(ready: true) { port in
            let answer = await get(port, "/readyz")
            #expect(answer.hasPrefix("HTTP/1.1 200 "))
            #expect(answer.contains(#""ready":true"#) && answer.contains(#""name":"own""#))
        }
    }

    @Test func `metrics are Prometheus text`() async throws {
        try await withRoutes(ready: true) { port in
            let answer = await get(port, "/metrics")
            #expect(answer.contains("content-type: text/plain; version=0.0.4; charset=utf-8\r\n"))
            #expect(answer.contains("\nbigbrotr_ready 1\n"))
            #expect(answer.contains("\nprocess_resident_memory_bytes "))
        }
    }

    @Test func `other paths and methods are refused`() async throws {
        try await withRoutes(ready: true) { port in
            #expect(await get(port, "/").hasPrefix("HTTP/1.1 404 "))
            #expect(await get(port, "/healthz/").hasPrefix("HTTP/1.1 404 "))
            let post = await exchange(port, "POST /healthz HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\nabc")
            #expect(post.hasPrefix("HTTP/1.1 405 "))
            #expect(post.contains("allow: GET, HEAD\r\n"))
            let head = await exchange(port, "HEAD /healthz HTTP/1.1\r\nHost: x\r\n\r\n")
            #expect(head.hasPrefix("HTTP/1.1 200 ") && head.hasSuffix("\r\n\r\n"))
        }
    }

    @Test(arguments: [
        "\0\u{1}\u{2}\r\n\r\n", "GET\r\n\r\n", "GET / HTTP/9.9\r\n\r\n", "GET /healthz HTTP/1.1\r\nbroken\r\n\r\n",
        "GET / HTTP/1.1\r\nx: " + String(repeating: "a", count: 200_000) + "\r\n\r\n",
    ])
    func `hostile bytes are answered with 400 or a closed connection, and the next client is served`(
        request: String
    ) async throws {
        try await withRoutes(ready: true) { port in
            let answer = await exchange(port, request)
            #expect(answer.isEmpty || answer.hasPrefix("HTTP/1.1 400 "))
            #expect(await get(port, "/healthz").hasPrefix("HTTP/1.1 200 "))
        }
    }

    @Test func `requests sent together get one answer`() async throws {
        try await withRoutes(ready: true) { port in
            let one = "GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n"
            #expect(await exchange(port, one + one + one).components(separatedBy: "HTTP/1.1").count == 2)
        }
    }

    @Test func `too many connections are closed, and room comes back`() async throws {
        let limit = 4
        try await withRoutes(ready: true, maxConnections: limit) { port in
            var idle = (0..<limit).compactMap { _ in Self.connected(port) }
            #expect(idle.count == limit)
            // Event loops take connections in beside each other, so the idle ones need not be first: while there is
            // room one more takes it.
            var refused = false
            for _ in 0..<200 where !refused {
                refused = await get(port, "/healthz").isEmpty
                if !refused, let another = Self.connected(port) { idle.append(another) }
            }
            #expect(refused)
            for descriptor in idle { close(descriptor) }
            var served = false
            for _ in 0..<200 where !served { served = !(await get(port, "/healthz").isEmpty) }
            #expect(served)
        }
    }

    @Test func `a port in use is an error that names it`() async throws {
        try await withRoutes(ready: true) { port in
            var settings = HealthSettings()
            settings.port = port
            let second = HealthServer(
                settings: settings, respond: { _ in .init(status: 200, body: "") }, logger: LogLines().logger())
            await #expect(throws: HealthServer.BindError.self) { try await second.withRunning { _ in } }
        }
    }

    private static func connected(_ port: Int) -> Int32? {
        let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = in_port_t(UInt16(port).bigEndian)
        address.sin_addr.s_addr = in_addr_t(UInt32(0x7F00_0001).bigEndian)
        // As long as a busy machine may take to give the server a thread.
        var patience = timeval(tv_sec: 60, tv_usec: 0)
        setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &patience, socklen_t(MemoryLayout<timeval>.size))
        let status = withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
            }
        }
        return status == 0 ? descriptor : nil
    }

    private static func blockingExchange(_ port: Int, _ request: String) -> String {
        guard let descriptor = connected(port) else { return "" }
        defer { close(descriptor) }
        let bytes = Array(request.utf8)
        _ = send(descriptor, bytes, bytes.count, Int32(MSG_NOSIGNAL))
        var answer: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 65_536)
        while true {
            let count = recv(descriptor, &buffer, buffer.count, 0)
            // With a time limit no signal restarts it, and other tests have children that end.
            if count < 0, errno == EINTR { continue }
            guard count > 0 else { break }
            answer += buffer[..<count]
        }
        return String(decoding: answer, as: UTF8.self)
    }
}
