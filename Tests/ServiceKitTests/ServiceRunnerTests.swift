import Database
import Settings
import Support
import Telemetry
import Testing

@testable import ServiceKit

@Suite struct ServiceRunnerTests {
    private struct Broken: Error {}

    private let lines = LogLines()

    private func status(_ context: ServiceContext, once: Bool, _ script: [Cycles.Cycle] = []) async
        -> ServiceKit.ExitStatus
    {
        await Cycles.$current.withValue(Cycles(script)) {
            await ServiceRunner<TrialService>(launch: trialLaunch(context, once: once), context: context).run()
        }
    }

    /// A context on the database of a test, which the runner's own pool reaches.
    private func context(_ database: TestDatabase) -> ServiceContext {
        var core = CoreSettings()
        core.pool = database.settings()
        let brotr = Brotr(
            settings: core.brotr, password: database.server.password, logger: lines.logger(),
            metrics: PrometheusRegistry())
        return ServiceContext(brotr: brotr, core: core, logger: lines.logger(), randomness: { 0 })
    }

    @Test func `once with an unreachable database ends with 69 after its retries`() async {
        #expect(await status(trialContext(lines: lines, core: unreachable()), once: true) == .databaseUnreachable)
        #expect(lines.messages.count { $0 == "database_unreachable" } == 1)
    }

    @Test func `without once a service waits for the database and stops when asked`() async {
        let context = trialContext(lines: lines, core: unreachable())
        let status = await withTaskGroup(of: ServiceKit.ExitStatus?.self) { group in
            group.addTask { await self.status(context, once: false) }
            group.addTask {
                while !lines.messages.contains("database_unreachable") { await Task.yield() }
                context.shutdown.request()
                return nil
            }
            for await status in group {
                if let status { return status }
            }
            return .failure
        }
        #expect(status == .success)
    }

    @Test func `a port of the health server that is taken ends with 78`() async throws {
        var core = unreachable()
        core.health.port = 1
        core.health.host = "192.0.2.1"
        #expect(await status(trialContext(lines: lines, core: core), once: true) == .configuration)
        #expect(lines.messages == ["health_server_failed"])
    }

    @Test func `once is 0 for a good cycle and 1 for a bad one`() async throws {
        try await withTestDatabase { database in
            let good: Cycles.Cycle = { Outcome(success: true, message: "") }
            #expect(await status(context(database), once: true, [good]) == .success)
            #expect(await status(context(database), once: true, [{ throw Broken() }]) == .failure)
            #expect(await status(context(database), once: true, [{ Outcome(success: false, message: "") }]) == .failure)
        }
    }

    @Test func `the state is saved after a cycle and loaded before the next run`() async throws {
        try await withTestDatabase { database in
            for _ in 1...3 { #expect(await status(context(database), once: true) == .success) }
            let saved = try #require(try await database.brotr.loadServiceState(name: "trial_service"))
            let state = try TrialService.State(json: saved.json)
            #expect(state.seenRelays == 3)
            #expect(state.lastRunAt ?? 0 > 1_700_000_000)
        }
    }

    @Test func `a state that cannot be read is reported and begun anew`() async throws {
        try await withTestDatabase { database in
            try await database.brotr.saveServiceState(name: "trial_service", json: Array(#"{"seen_relays":"x"}"#.utf8))
            #expect(await status(context(database), once: true) == .success)
            #expect(lines.messages.contains("state_unreadable"))
        }
    }

    @Test func `shutdown during a cycle lets it finish and saves the state`() async throws {
        try await withTestDatabase { database in
            let context = context(database)
            let cycle: Cycles.Cycle = {
                context.shutdown.request()
                return Outcome(success: true, message: "finished")
            }
            #expect(await status(context, once: false, [cycle]) == .success)
            let saved = try #require(try await database.brotr.loadServiceState(name: "trial_service"))
            #expect(try TrialService.State(json: saved.json).seenRelays == 1)
        }
    }

    @Test func `what goes on between cycles is ended once, after the last one`() async throws {
        try await withTestDatabase { database in
            for once in [true, false] {
                let context = context(database)
                let cycles = Cycles([
                    {
                        context.shutdown.request()
                        return Outcome(success: true, message: "")
                    }
                ])
                _ = await Cycles.$current.withValue(cycles) {
                    await ServiceRunner<TrialService>(launch: trialLaunch(context, once: once), context: context).run()
                }
                #expect(cycles.ends == [1])
            }
        }
    }

    @Test func `a replica is seen while its service works, and gone after a clean stop`() async throws {
        try await withTestDatabase { database in
            let context = context(database)
            try await database.brotr.heartbeat(ServiceReplica(id: .random(), service: "other"))
            let seen = Locked<[String]>([])
            let cycle: Cycles.Cycle = {
                // The first sign of life is sent beside the first cycle.
                while seen.withLock({ $0.isEmpty }) {
                    let rows = try await database.pool.fetch(
                        "SELECT replica_id::text, build FROM service_replicas WHERE service = 'trial_service'")
                    let found = try rows.map { try $0.decode(String.self, String.self) }
                    seen.withLock { $0 = found.flatMap { [$0.0, $0.1] } }
                }
                context.shutdown.request()
                return Outcome(success: true, message: "")
            }
            #expect(await status(context, once: false, [cycle]) == .success)
            #expect(seen.withLock { $0 } == ["\(context.replica)", BuildInfo.version])
            let left = try await database.pool.fetch("SELECT service FROM service_replicas").map {
                try $0.decode(String.self, at: 0)
            }
            #expect(left == ["other"])
        }
    }

    @Test func `a replica that cannot be written down works all the same`() async throws {
        try await withTestDatabase { database in
            try await database.pool.fetch("ALTER TABLE service_replicas RENAME TO elsewhere")
            #expect(await status(context(database), once: true) == .success)
            #expect(lines.messages.contains("replica_not_removed"))
            #expect(lines.all.filter { $0.contains("replica_not_removed") }.allSatisfy { $0.contains(#""debug""#) })
        }
    }

    /// A service whose replicas each have a state.
    private actor Replicated: BaseService {
        static let serviceName = "replicated"
        nonisolated let context: ServiceContext
        nonisolated var stateName: String { "\(Self.serviceName):\(context.replica)" }
        var state = PlainState()

        init(config: TrialService.Config, context: ServiceContext) { self.context = context }
        func run() async throws -> Outcome { Outcome(success: true, message: "") }
    }

    @Test func `states of replicas of long ago are deleted at the start of another`() async throws {
        try await withTestDatabase { database in
            for name in ["replicated", "replicated:dead", "replicated:young", "trial_service:dead"] {
                try await database.brotr.saveServiceState(name: name, json: Array("{}".utf8))
            }
            try await database.pool.fetch(
                "UPDATE service_state SET updated_at = 1 WHERE service_name <> 'replicated:young'")
            let context = context(database)
            let runner = ServiceRunner<Replicated>(launch: trialLaunch(context, once: true), context: context)
            #expect(await runner.run() == .success)
            #expect(await status(self.context(database), once: true) == .success)
            let names = try await database.pool.fetch("SELECT service_name FROM service_state").map {
                try $0.decode(String.self, at: 0)
            }
            let mine = "replicated:\(context.replica)"
            #expect(
                Set(names) == [mine, "replicated", "replicated:young", "trial_service", "trial_service:dead"],
                "one state for all replicas: nothing is deleted")
            #expect(lines.messages.count { $0 == "old_states_deleted" } == 1)
        }
    }
}
