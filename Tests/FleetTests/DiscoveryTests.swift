import Database
import Foundation
import Glibc
import Support
import Testing

/// The Finder's executable, with the rights of its own login.
@Suite(.serialized, .timeLimit(.minutes(10))) struct DiscoveryTests {
    typealias Reply = FakeHTTPServer.Reply

    private func file(_ url: String, cooldown: Int = 0) -> String {
        """
        event_scan: { enabled: false }
        api:
          request_delay: 0
          sources:
            - { url: "\(url)", timeout: 60, cooldown: \(cooldown) }
        insert_batch_size: 10

        """
    }

    private func runOnce(_ fleet: Fleet, _ own: String) async throws {
        let process = try fleet.start(.finder, own: own, arguments: ["--once"])
        #expect(try await process.exit(within: .seconds(120)) == 0, "\(process.everything)")
    }

    private func found(_ fleet: Fleet) async throws -> [Int] {
        [
            try await fleet.number("SELECT count(*) FROM relays"),
            try await fleet.number("SELECT coalesce(sum(mentions), 0)::bigint FROM relay_candidates"),
            try await fleet.number("SELECT coalesce(sum(n), 0)::bigint FROM relay_spellings"),
            try await fleet.number("SELECT count(*) FROM service_state WHERE service_name = 'finder:sources'"),
        ]
    }

    @Test func `a kill between the answer of an API and its commit leaves nothing, and the next process has it all`()
        async throws
    {
        let urls = (0..<40).map { "wss://r\($0).example" }
        let body = try String(decoding: JSONEncoder().encode(urls), as: UTF8.self)
        let server = try await FakeHTTPServer.start { request in
            request.headers["if-none-match"] == "\"1\"" ? .bytes(Reply.head(304)) : .text(body, ["ETag: \"1\""])
        }
        let url = server.url("/list")
        try await withFleet(as: [.finder]) { fleet in
            try await fleet.database.pool.withTransaction { connection in
                try await connection.query(
                    NamedStatement("test", "LOCK TABLE relay_candidates IN SHARE MODE"), timeout: .seconds(60))
                let process = try fleet.start(.finder, own: file(url), arguments: ["--once"])
                try await eventually("it is about to store the list", found: { process.everything }) {
                    try await fleet.number(
                        """
                        SELECT count(*) FROM pg_stat_activity
                         WHERE datname = current_database() AND wait_event_type = 'Lock'
                           AND query LIKE '%commit_candidates%'
                        """) == 1
                }
                process.send(signal: SIGKILL)
                #expect(try await process.exit() == 128 + SIGKILL)
            }
            try await eventually("its transaction is undone") {
                try await fleet.number(
                    """
                    SELECT count(*) FROM pg_locks l JOIN pg_database d ON d.oid = l.database
                     WHERE d.datname = current_database() AND l.relation = 'relay_candidates'::regclass
                    """) == 0
            }
            #expect(try await found(fleet) == [0, 0, 0, 0])
            // The lease of the dead ends by itself; here time passes at once.
            try await fleet.database.pool.execute(
                NamedStatement("test", "UPDATE service_leases SET due_at = now() WHERE name = 'finder'"))
            try await runOnce(fleet, file(url))
            #expect(try await found(fleet) == [40, 40, 40, 1])
            #expect(server.requests.map { $0.headers["if-none-match"] } == [nil, nil])
            // The next process asks with what this one was told, and not at all before the cooldown is over.
            try await runOnce(fleet, file(url, cooldown: 600))
            #expect(server.requests.last?.headers["if-none-match"] == "\"1\"")
            try await runOnce(fleet, file(url))
            #expect(server.requests.count == 3)
            #expect(try await found(fleet) == [40, 40, 40, 1])
            let shown = "SELECT state -> 'sources' -> 0 ->> 'urls' FROM service_state WHERE service_name = 'finder'"
            #expect(try await fleet.number("SELECT (\(shown))::bigint") == 40)
        }
        await server.stop()
    }
}
