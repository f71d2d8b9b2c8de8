import Database
import Settings
import Support
import Synchronization
import Telemetry

@testable import ServiceKit

/// A service whose cycles do what a test says.
actor TrialService: BaseService {
    struct State: ServiceState, Equatable {
        var lastRunAt: Int64?
        var seenRelays = 0
        init() {}
    }

    struct Config: ServiceConfig {
        var interval: Seconds = 60
        var health: ServiceHealthSettings?
        var signs = false
        var cyclePause: Duration { interval.duration }
        var requiredSecrets: [String] { signs ? ["NOSTR_PRIVATE_KEY"] : [] }
        func validate(into problems: inout Validation) { problems.check("interval", interval, in: 0...3600) }
    }

    static let serviceName = "trial_service"

    nonisolated let context: ServiceContext
    var state = State()
    let cycles = Cycles.current

    init(config: Config, context: ServiceContext) { self.context = context }

    func run() async throws -> Outcome {
        state.seenRelays += 1
        return try await cycles.next()
    }

    func end() async { cycles.noteEnd() }
}

/// The script of a trial service: one closure a cycle, the last one repeated.
final class Cycles: Sendable {
    typealias Cycle = @Sendable () async throws -> Outcome
    @TaskLocal static var current = Cycles([])

    private let script: [Cycle]
    private let started = Mutex(0)
    private let ended = Mutex<[Int]>([])

    init(_ script: [Cycle]) { self.script = script }

    var count: Int { started.withLock { $0 } }

    /// Cycles begun by each end of the service.
    var ends: [Int] { ended.withLock { $0 } }

    func noteEnd() { ended.withLock { $0.append(count) } }

    func next() async throws -> Outcome {
        let number = started.withLock { started in
            started += 1
            return started
        }
        guard let cycle = script.indices.contains(number - 1) ? script[number - 1] : script.last else {
            return Outcome(success: true, message: "nothing")
        }
        return try await cycle()
    }
}

/// A context whose database does not exist.
func trialContext(
    clock: MonotonicClock = MonotonicClock(ContinuousClock()), lines: LogLines = LogLines(),
    core: CoreSettings = CoreSettings()
) -> ServiceContext {
    let brotr = Brotr(
        settings: core.brotr, password: Secret("x"), logger: lines.logger(), metrics: PrometheusRegistry())
    return ServiceContext(brotr: brotr, core: core, logger: lines.logger(), clock: clock, randomness: { 0.5 })
}

/// Core settings of a database that refuses connections at once.
func unreachable() -> CoreSettings {
    var core = CoreSettings()
    core.pool.database.host = "127.0.0.1"
    core.pool.database.port = 1
    core.pool.retry = RetrySettings(maxAttempts: 2, initialDelay: 0.01, maxDelay: 0.02)
    core.shutdown.grace = 5
    return core
}

/// A launch with these settings, not from files.
func trialLaunch(
    _ context: ServiceContext, once: Bool = false, interval: Seconds = 60
) -> ServiceLaunch<TrialService.Config> {
    var config = TrialService.Config()
    config.interval = interval
    return ServiceLaunch(
        options: ServiceOptions(config: "c.yaml", coreConfig: "d.yaml", once: once), core: context.core, config: config,
        environment: Environment([:]), password: Secret("x"))
}

/// A value that several tasks of a test share.
final class Locked<Value: Sendable>: Sendable {
    private let value: Mutex<Value>

    init(_ value: Value) { self.value = Mutex(value) }

    func withLock<Result>(_ body: (inout Value) throws -> sending Result) rethrows -> sending Result {
        try value.withLock { try body(&$0) }
    }
}
