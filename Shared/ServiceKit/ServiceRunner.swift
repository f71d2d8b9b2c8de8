internal import Database
internal import Logging
internal import Settings
internal import Telemetry

/// Runs one service from its first look at the database to its end.
struct ServiceRunner<S: BaseService>: Sendable {
    let launch: ServiceLaunch<S.Config>
    let context: ServiceContext
    let gate: SchemaGate
    let readiness: Readiness

    init(launch: ServiceLaunch<S.Config>, context: ServiceContext) {
        self.launch = launch
        self.context = context
        gate = SchemaGate(brotr: context.brotr)
        readiness = Readiness(failureLimit: launch.health.failureLimit.duration, clock: context.clock)
    }

    /// Runs until the work is done, shutdown is requested or the task is cancelled.
    func run() async -> ExitStatus {
        let service = S(config: launch.config, context: context)
        service.registerCycles()
        do {
            guard launch.health.port > 0 else { return try await work(service) }
            let server = HealthServer(
                settings: launch.health, respond: routes(service).response, logger: context.logger.component("health"))
            return try await server.withRunning { _ in try await work(service) }
        } catch let error as HealthServer.BindError {
            context.logger.critical(
                "health_server_failed",
                metadata: [LogKey.errorKind: "port_not_available", LogKey.error: "\(error)"])
            return .configuration
        } catch is CancellationError {
            return .success
        } catch {
            context.logger.critical(
                "service_failed",
                metadata: [LogKey.errorKind: "\(ErrorKind.name(of: error))", LogKey.error: "\(error)"])
            return .failure
        }
    }

    private func routes(_ service: S) -> HealthRoutes {
        HealthRoutes(
            service: S.serviceName, readiness: readiness, metrics: context.metrics,
            process: ProcessMetrics(factory: context.metrics), healthCheck: { await service.healthCheck() })
    }

    private func work(_ service: S) async throws -> ExitStatus {
        try await context.brotr.withRunning {
            let verdict = try await gate.wait(
                context: context, readiness: readiness, needsSchema: S.needsSchema, once: launch.options.once)
            if let status = status(of: verdict) { return status }
            let presence = ReplicaPresence(
                service: S.serviceName, context: context, interval: launch.config.heartbeat)
            let status = await withTaskGroup(of: Void.self) { group in
                group.addTask { await watch(since: verdict) }
                if isPresent { group.addTask { await presence.announce() } }
                let status = await cycles(service, verdict)
                await service.end()
                group.cancelAll()
                return status
            }
            if isPresent { await presence.leave() }
            return status
        }
    }

    /// Who makes the schema has no place for its row before, and ends after; a reader may not write one.
    private var isPresent: Bool { S.needsSchema && S.keepsState }

    /// The end that a verdict means; nil when the work can begin.
    private func status(of verdict: SchemaGate.Verdict) -> ExitStatus? {
        if verdict.reason == nil || (verdict.isReachable && !S.needsSchema) { return nil }
        if context.shutdown.isRequested { return .success }
        return verdict.isReachable ? .failure : .databaseUnreachable
    }

    private func cycles(_ service: S, _ verdict: SchemaGate.Verdict) async -> ExitStatus {
        // Who makes the schema has nothing to load before it.
        if launch.options.once || S.runsOnce { return await single(service, loadsState: verdict.reason == nil) }
        guard await start(service) else { return .success }
        await service.runForever(interval: launch.config.cyclePause, readiness: readiness)
        return .success
    }

    /// Loads the state, waiting for the database where it went away again.
    private func start(_ service: S) async -> Bool {
        var backoff = Backoff(context.core.pool.retry)
        while !context.shutdown.isRequested, !Task.isCancelled {
            do {
                try await service.start()
                return true
            } catch {
                context.logger.warning(
                    "start_failed",
                    metadata: [LogKey.errorKind: "\(ErrorKind.name(of: error))", LogKey.error: "\(error)"])
                await context.shutdown.pause(for: backoff.next(jitter: context.randomness()), clock: context.clock)
            }
        }
        return false
    }

    /// One cycle; work that is done once is repeated while the database is away, unless `--once` forbids it.
    private func single(_ service: S, loadsState: Bool) async -> ExitStatus {
        var backoff = Backoff(context.core.pool.retry)
        var number = 0
        while !context.shutdown.isRequested, !Task.isCancelled {
            number += 1
            let outcome = await startAndCycle(service, number, loadsState)
            guard let outcome else { return .success }
            if outcome.success { return .success }
            let isUnreachable = ErrorKind.unreachable.contains { outcome.errors == [$0] }
            guard isUnreachable, !launch.options.once else { return isUnreachable ? .databaseUnreachable : .failure }
            await context.shutdown.pause(for: backoff.next(jitter: context.randomness()), clock: context.clock)
        }
        return .success
    }

    private func startAndCycle(_ service: S, _ number: Int, _ loadsState: Bool) async -> Outcome? {
        do {
            if loadsState { try await service.start() }
        } catch {
            let kind = ErrorKind.name(of: error)
            context.logger.error("start_failed", metadata: [LogKey.errorKind: "\(kind)", LogKey.error: "\(error)"])
            return Outcome(success: false, message: "\(error)", errors: [kind])
        }
        return await service.cycle(number, readiness: readiness)
    }

    /// Keeps readiness true to database and schema while the service works.
    private func watch(since first: SchemaGate.Verdict) async {
        var last = first
        while (try? await context.clock.sleep(for: launch.health.checkInterval.duration)) != nil {
            guard let verdict = try? await gate.verdict() else { return }
            if S.needsSchema || !verdict.isReachable { gate.note(verdict, last, readiness, context.logger) }
            last = verdict
        }
    }
}
