import Database
import Nostr
import Settings
import Support
import Testing

/// From an empty database to archived events.
@Suite(.serialized, .timeLimit(.minutes(10))) struct InitializerFleetTests {
    @Test func `the Initializer makes and seeds the schema, and a synchronizer archives what was seeded`() async throws
    {
        var factory = EventFactory(seed: 91)
        let events = factory.events(200)
        let relay = try await FakeRelay.start(events: events)
        try await withFleet { fleet in
            let server = fleet.database.server
            let name = fleet.database.name
            // The same name, without anything in it.
            try await server.run("DROP DATABASE \(name) WITH (FORCE)")
            try await server.run("CREATE DATABASE \(name)")
            let instance = try Instance(password: server.password.withExposed { $0 })
            let seed = try instance.folder.write("# one relay\n\(relay.url.text)\nnot a relay\n", to: "data/seed.txt")
            let core = Instance.core(
                host: server.host, port: server.port, database: name, user: server.user, more: Fleet.local)
            let own = "seed:\n  path: \(seed)\n"
            for round in 0..<2 {
                let process = try instance.start(.initializer, core: core, own: own)
                #expect(try await process.exit(within: .seconds(180)) == 0, "round \(round): \(process.everything)")
                #expect(
                    process.output.contains("not a relay") || process.output.contains("line 3"), "the bad line is named"
                )
            }
            try await server.run("GRANT bigbrotr_writer_synchronizer TO \(fleet.user)")
            #expect(try await fleet.number("SELECT count(*) FROM relays") == 1)
            try await fleet.runOnce(own: SynchronizerFile().text)
            try await fleet.expectExactly([relay.url.text: Set(events.map(\.id))])
        }
        await relay.stop()
    }
}
