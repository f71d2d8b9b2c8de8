import Crypto
import Database
import Logging
import Nostr
import ServiceKit
import Settings
import Support
import Telemetry

@testable import Finder

/// An archive, and Finders over it.
struct FinderBench {
    let database: TestDatabase
    let lines = LogLines()
    let metrics = PrometheusRegistry()

    /// One replica. Its events name public relays only unless local addresses are allowed.
    func finder(
        allowsLocal: Bool = false, caFile: String? = nil, shutdown: ShutdownSignal = ShutdownSignal(),
        limits: LimitsSettings = LimitsSettings(), _ change: (inout FinderConfig) -> Void = { _ in }
    ) -> FinderService {
        var config = FinderConfig()
        config.api.enabled = false
        change(&config)
        var core = CoreSettings()
        core.networks.local.enabled = allowsLocal
        core.tls.caFile = caFile
        core.limits = limits
        let logger = lines.logger(service: FinderService.serviceName)
        let context = ServiceContext(
            brotr: database.brotr, core: core, logger: logger, metrics: metrics, shutdown: shutdown)
        return FinderService(config: config, context: context)
    }

    /// A signed event.
    static func event(
        kind: UInt16 = 1, tags: [[String]] = [], _ content: String = "", at second: Int64 = 1_700_000_000,
        by key: SecretKey = .random()
    ) -> Event {
        UnsignedEvent(createdAt: UnixTime(seconds: second), kind: kind, tags: tags, content: content).sign(with: key)
    }

    /// An author's key.
    static func key(_ name: String) -> SecretKey {
        SecretKey(SHA256.hash(Array(name.utf8))) ?? .random()
    }

    /// Stores events as synchronizers' tools do, seen on a relay of ours.
    func store(_ events: [Event], settles: Bool = true) async throws {
        let home = RelayRecord(url: try RelayURL.parse("wss://home.example"), insertedAt: UnixTime(seconds: 1))
        try await database.brotr.insertEvents(events, relay: home, seenAt: UnixTime(seconds: 2))
        if settles { try await settle() }
    }

    /// Waits until everything stored may be read: open transactions of other tests of the same server come first.
    func settle() async throws {
        try await eventually("no transaction is older than what is stored") {
            try await texts(
                "SELECT 'x' FROM event_batches WHERE xid >= pg_snapshot_xmin(pg_current_snapshot()) LIMIT 1"
            ).isEmpty
        }
    }

    /// The relays that the archive knows but for the one of ours.
    func relays() async throws -> [String] {
        try await texts("SELECT relay_url FROM relays WHERE relay_url <> 'wss://home.example' ORDER BY 1")
    }

    /// Rows of `url slot mentions authors`.
    func candidates() async throws -> [String] {
        try await texts(
            """
            SELECT concat_ws(' ', r.relay_url, c.source, c.slot, c.mentions, c.authors)
              FROM relay_candidates c JOIN relays r USING (relay_id) ORDER BY 1
            """)
    }

    /// The first column of a query, texts.
    func texts(_ sql: String) async throws -> [String] {
        try await database.pool.fetch(NamedStatement("test", sql)).map { try $0.decode(String.self, at: 0) }
    }
}

/// Runs the body over an archive of its own.
func withFinderBench(_ body: (FinderBench) async throws -> Void) async throws {
    try await withTestDatabase { try await body(FinderBench(database: $0)) }
}
