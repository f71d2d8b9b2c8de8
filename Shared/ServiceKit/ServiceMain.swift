internal import Database
internal import FoundationEssentials
import Glibc
internal import Logging
internal import Settings
internal import Telemetry
internal import UnixSignals

/// The main of all seven executables: real clock, real environment, real signals, real streams.
public enum ServiceMain {
    /// Runs a service to the end of the process.
    public static func run<S: BaseService>(_ service: S.Type) async -> Never {
        let environment = Environment(ProcessInfo.processInfo.environment)
        switch ServiceStart<S>(arguments: Array(CommandLine.arguments.dropFirst()), environment: environment) {
        case .exit(let report):
            ProcessOutput.write(report)
            exit(report.status.rawValue)
        case .launch(let launch):
            exit(await run(service, launch).rawValue)
        }
    }

    private static func run<S: BaseService>(
        _ service: S.Type, _ launch: ServiceLaunch<S.Config>
    ) async -> ExitStatus {
        guard let context = context(service, launch) else { return .configuration }
        // A peer that goes away is an error of the write, not of the process.
        signal(SIGPIPE, SIG_IGN)
        ProcessResources.raiseOpenFiles()
        // First, so that whoever has read that the service started may ask it to stop.
        let signals = await UnixSignalsSequence(trapping: .sigterm, .sigint)
        context.logger.info(
            "service_started",
            metadata: [LogKey.version: "\(BuildInfo.version)", LogKey.once: .stringConvertible(launch.options.once)])
        let runner = ServiceRunner<S>(launch: launch, context: context)
        let ending = Ending(grace: launch.core.shutdown.grace.duration, context: context)
        let status = await ending.around(signals: signals, hardStop: { _exit($0.rawValue) }) {
            await runner.run()
        }
        await settleCancellations(context.clock)
        context.logger.info("service_stopped", metadata: [LogKey.status: .stringConvertible(status.rawValue)])
        return status
    }

    /// Gives requests to stop a statement a second to be answered: `Pool.isAwaitingCancellation` says why.
    private static func settleCancellations(_ clock: MonotonicClock) async {
        let deadline = clock.now() + .seconds(1)
        while Pool.isAwaitingCancellation, clock.now() < deadline {
            do { try await clock.sleep(for: .milliseconds(10)) } catch { return }
        }
    }

    private static func context<S: BaseService>(
        _ service: S.Type, _ launch: ServiceLaunch<S.Config>
    ) -> ServiceContext? {
        guard let sink = sink(launch) else { return nil }
        let logs = LogFactory(service: S.serviceName, level: launch.logLevel.level, sink: sink)
        let replica = ReplicaID.random()
        var logger = logs.logger("service")
        logger[metadataKey: LogKey.replica] = "\(replica)"
        let metrics = PrometheusRegistry()
        MetricName.describe(in: metrics)
        let brotr = Brotr(
            settings: launch.core.brotr, password: launch.password, applicationName: S.productName,
            logger: logger.component("pool"), metrics: metrics)
        return ServiceContext(
            brotr: brotr, core: launch.core, logger: logger, metrics: metrics, environment: launch.environment,
            replica: replica, instanceFolder: launch.instanceFolder, isOnce: launch.options.once)
    }

    /// nil, with a line on standard error, when the configured log file cannot be opened.
    private static func sink<Config>(_ launch: ServiceLaunch<Config>) -> (any LogSink)? {
        guard let setting = launch.core.logging.file else { return StandardOutput() }
        let path = InstanceFolder.path(setting, below: launch.instanceFolder)
        if let file = LogFile(path: path) { return LogSinks([StandardOutput(), file]) }
        let problem = SettingsProblem(
            kind: .unreadable, source: launch.options.coreConfig, key: "logging.file", given: path,
            allowed: "a file this process may append to")
        ProcessOutput.write(ExitReport(status: .configuration, errors: "\(problem)\n"))
        return nil
    }
}
