import Database
import Support
import Testing

/// What the log of commits finds, shown by planted violations.
@Suite(.timeLimit(.minutes(5))) struct CommitLogTests {
    private static let url = "ws://127.0.0.1:4711"
    private static let owner = "'00000000-0000-4000-8000-000000000001'"

    /// One relay with three events, of which an archive counts these seconds as read.
    private func violations(after statements: [String]) async throws -> [String] {
        var found: [String] = []
        try await withFleet { fleet in
            try await fleet.add([Self.url])
            let log = try await CommitLog(in: fleet.database)
            try await log.expect([100, 200, 300], on: Self.url)
            try await fleet.database.server.withConnection(database: fleet.database.name) { connection in
                for statement in [Self.claim] + statements {
                    try await connection.runScript(statement, name: "plant", timeout: .seconds(10))
                }
            }
            found = try await log.violations()
        }
        return found
    }

    private static let claim = "UPDATE relay_sync SET fence = 1, owner = \(owner);"
    private static let sighting = """
        INSERT INTO events_relays (event, created_at, relay_id, seen_at)
        SELECT 1, 300, relay_id, 1000 FROM relay_sync;
        """
    private static let page = "UPDATE relay_sync SET walk_lo = 0, walk_hi = 400, frontier = 250;"

    private func stored(fence: Int) -> String {
        """
        INSERT INTO commit_log.entries (relay_id, what, fence, owner)
        SELECT relay_id, 'commit', \(fence), \(Self.owner) FROM relay_sync;
        """
    }

    @Test func `a page with its events is none`() async throws {
        #expect(try await violations(after: [Self.sighting, stored(fence: 1), Self.page]) == [])
    }

    @Test func `an event that is not there is one`() async throws {
        let found = try await violations(after: [stored(fence: 1), Self.page])
        #expect(found.count == 1 && found[0].hasPrefix("C3"), "\(found)")
    }

    @Test func `so is a frontier that rises`() async throws {
        let back = "UPDATE relay_sync SET frontier = 260;"
        let found = try await violations(after: [Self.sighting, Self.page, back])
        #expect(found.count == 1 && found[0].hasPrefix("C2"), "\(found)")
    }

    @Test func `so is history that is proven no more`() async throws {
        let moves = ["UPDATE relay_sync SET sealed_hi = 50;", "UPDATE relay_sync SET sealed_hi = 40;"]
        let found = try await violations(after: moves)
        #expect(found.count == 1 && found[0].hasPrefix("C2"), "\(found)")
    }

    @Test func `so is a write of a lease that ended`() async throws {
        let taken = "UPDATE relay_sync SET fence = 2;"
        let found = try await violations(after: [stored(fence: 1), taken, stored(fence: 1), stored(fence: 2)])
        #expect(found.count == 1 && found[0].hasPrefix("C1"), "\(found)")
    }
}
