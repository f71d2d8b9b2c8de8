import Database
import Glibc
import Logging
import Nostr
import ServiceKit
import Settings
import Support
import Telemetry

@testable import Monitor

/// An archive, and Monitors over it that may dial relays of this machine.
struct MonitorBench {
    let database: TestDatabase
    let lines = LogLines()
    let metrics = PrometheusRegistry()

    /// One replica. Information documents are not asked for unless a road to them is given.
    func monitor(
        shutdown: ShutdownSignal = ShutdownSignal(), key: String? = nil,
        _ change: (inout MonitorConfig) -> Void = { _ in },
        core changeCore: (inout CoreSettings) -> Void = { _ in },
        makeFetcher: @escaping MonitorPartsMaker.MakeFetcher = { _, _, _ in nil }, uncounted: Set<Network> = [.local]
    ) -> MonitorService {
        var config = MonitorConfig()
        config.checks.readTimeout = 30
        // Each check is a full one unless a test says otherwise.
        config.checks.lightPeriod = config.checks.period
        // Nobody listens there: no test asks the system's name servers.
        config.checks.dnsServers = ["127.0.0.1:9"]
        change(&config)
        var core = CoreSettings()
        core.networks.local.enabled = true
        changeCore(&core)
        let logger = lines.logger(service: MonitorService.serviceName)
        return MonitorService(
            config: config,
            context: ServiceContext(
                brotr: database.brotr, core: core, logger: logger, metrics: metrics,
                environment: Environment(key.map { ["NOSTR_PRIVATE_KEY": $0] } ?? [:]), shutdown: shutdown),
            makeFetcher: makeFetcher, uncounted: uncounted)
    }

    /// The statements of one replica.
    func store() -> MonitorStore { MonitorStore(brotr: database.brotr, owner: .random(), logger: lines.logger()) }

    /// Makes relays known.
    func insert(_ urls: [String]) async throws {
        let records = try urls.map { RelayRecord(url: try RelayURL.parse($0), insertedAt: UnixTime(seconds: 1)) }
        _ = try await database.brotr.insertRelays(records)
    }

    /// Makes every check due now, as if its time had come, or those of relays that were never checked.
    func makeDue(onlyNew: Bool = false) async throws {
        let sql = "UPDATE relay_checks SET due_at = now() WHERE checked_at IS NULL OR NOT \(onlyNew)"
        try await database.pool.execute(NamedStatement("test", sql))
    }

    /// Makes everything due and runs a cycle.
    func cycle(_ monitor: MonitorService) async throws -> Outcome {
        try await makeDue()
        return try await monitor.run()
    }

    /// The first column of a query, texts.
    func texts(_ sql: String) async throws -> [String] {
        try await database.pool.fetch(NamedStatement("test", sql)).map { try $0.decode(String?.self, at: 0) ?? "NULL" }
    }

    /// The only text of a query.
    func text(_ sql: String) async throws -> String { try await texts(sql).joined(separator: " | ") }

    /// Unix seconds by the database's clock.
    func now() async throws -> Int64 {
        Int64(try await text("SELECT extract(epoch FROM now())::bigint::text")) ?? 0
    }

    /// The statuses of all relays, by number.
    func statuses() async throws -> [String] { try await texts("SELECT status FROM relays ORDER BY relay_id") }
}

/// Runs the body over an archive of its own.
func withMonitorBench(_ body: (MonitorBench) async throws -> Void) async throws {
    try await withTestDatabase { try await body(MonitorBench(database: $0)) }
}

/// A port that takes connections and says nothing, ever.
final class SilentPort: Sendable {
    /// Another process was faster.
    struct NoPort: Error {}

    let port: Int
    private let descriptor: Int32

    init() throws {
        port = try FreePort.find()
        descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = UInt16(truncatingIfNeeded: port).bigEndian
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        let isBound = withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                bind(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size)) == 0
            }
        }
        // The kernel accepts for a program that never does.
        guard isBound, listen(descriptor, 64) == 0 else { throw NoPort() }
    }

    deinit { close(descriptor) }
}
