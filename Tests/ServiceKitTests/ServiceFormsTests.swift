import Database
import Settings
import Support
import Telemetry
import Testing

@testable import ServiceKit

/// A service made and run by a program, without `ServiceMain`.
@Suite struct ServiceFormsTests {
    /// A service that shows what it was given.
    private actor Formed: BaseService {
        static let serviceName = "formed"
        nonisolated let context: ServiceContext
        var state = PlainState()
        private var config: TrialService.Config

        init(config: TrialService.Config, context: ServiceContext) {
            self.config = config
            self.context = context
        }

        var interval: Seconds { config.interval }
        func run() async throws -> Outcome { Outcome(success: true, message: "") }
    }

    private let lines = LogLines()

    @Test func `a service is made from its file`() async throws {
        let folder = try TemporaryFolder()
        let service = try Formed(
            file: folder.write("interval: 7", to: "trial.yaml"), context: trialContext(lines: lines))
        #expect(await service.interval == 7)
        let error = #expect(throws: SettingsError.self) {
            try Formed(file: "\(folder.path)/none.yaml", context: trialContext(lines: lines))
        }
        #expect(error?.problems.map(\.kind) == [.unreadable])
    }

    @Test func `a service is made from a dictionary`() async throws {
        let service = try Formed(dictionary: ["interval": 7], context: trialContext(lines: lines))
        #expect(await service.interval == 7)
        let error = #expect(throws: SettingsError.self) {
            try Formed(dictionary: ["interval": -1, "x": 1], context: trialContext(lines: lines))
        }
        #expect(error?.description.contains("formed: x: given an unknown key") == true)
    }

    @Test func `a running service has its state and its database, and is stopped after it`() async throws {
        try await withTestDatabase { database in
            try await database.brotr.saveServiceState(name: "formed", json: Array(#"{"last_run_at":5}"#.utf8))
            var core = CoreSettings()
            core.pool = database.settings()
            let brotr = Brotr(settings: core.brotr, password: database.server.password, logger: lines.logger())
            let context = ServiceContext(brotr: brotr, core: core, logger: lines.logger())
            let service = Formed(config: .init(), context: context)
            let (loaded, outcome) = try await service.withRunning {
                (await service.state.lastRunAt, await service.cycle(1))
            }
            #expect(loaded == 5)
            #expect(outcome?.success == true)
            #expect(context.shutdown.isRequested)
            #expect(brotr.pool.status.size == 0)
            let saved = try #require(try await database.brotr.loadServiceState(name: "formed"))
            #expect(try PlainState(json: saved.json).lastRunAt ?? 0 > 1_700_000_000)
        }
    }

    @Test func `a state that cannot be loaded is an error, after the end`() async {
        let context = trialContext(lines: lines, core: unreachable())
        let service = Formed(config: .init(), context: context)
        await #expect(throws: DatabaseError.self) { try await service.withRunning {} }
        #expect(context.shutdown.isRequested)
    }
}
