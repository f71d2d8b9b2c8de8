internal import Database
internal import Logging
internal import Settings
internal import Telemetry

/// Lets a service work only on a schema that has what this release needs.
struct SchemaGate: Sendable {
    /// Newest migration this release cannot do without. An older database makes a service wait, a newer one does not.
    static let requiredVersion: Int32 = 1

    /// What one look at the database gives.
    enum Verdict: Equatable, Sendable {
        case ready(version: Int32)
        case absent
        case tooOld(version: Int32)
        case incomplete(missing: String)
        case unreachable(kind: String, text: String)

        /// The words for readiness and logs; nil when nothing is wrong.
        var reason: String? {
            switch self {
            case .ready: nil
            case .absent: "no schema yet"
            case .tooOld(let version): "schema is at migration \(version), \(requiredVersion) is needed"
            case .incomplete(let missing): "missing: \(missing)"
            case .unreachable(let kind, _): kind
            }
        }

        var isReachable: Bool {
            if case .unreachable = self { return false }
            return true
        }
    }

    /// What a version means; nil stands for no schema.
    static func verdict(version: Int32?) -> Verdict {
        guard let version else { return .absent }
        return version >= requiredVersion ? .ready(version: version) : .tooOld(version: version)
    }

    let look: @Sendable () async throws -> Verdict

    /// Asks the database for its migrations and for the configured functions.
    init(brotr: Brotr) {
        look = {
            let verdict = Self.verdict(version: try await brotr.schemaVersion())
            guard case .ready = verdict else { return verdict }
            let missing = try await brotr.missingProcedures(brotr.settings.procedures.all)
            return missing.isEmpty ? verdict : .incomplete(missing: missing.joined(separator: ", "))
        }
    }

    /// Asks somebody else, in tests.
    init(look: @escaping @Sendable () async throws -> Verdict) { self.look = look }

    /// One look; errors are a verdict too.
    func verdict() async throws -> Verdict {
        do { return try await look() } catch let error as CancellationError { throw error } catch {
            return .unreachable(kind: ErrorKind.name(of: error), text: "\(error)")
        }
    }

    /// What is known of a database that was never asked.
    private static let unasked = Verdict.unreachable(kind: "not_asked", text: "shutdown came first")

    /// One look, given up when shutdown is requested: a pool that gets no connection keeps its callers for seconds.
    private func verdict(unless shutdown: ShutdownSignal) async throws -> Verdict? {
        try await withThrowingTaskGroup(of: Verdict?.self) { group in
            group.addTask { try await verdict() }
            group.addTask {
                await shutdown.wait()
                return nil
            }
            defer { group.cancelAll() }
            return try await group.next() ?? nil
        }
    }

    /// Looks until the schema is right, with waits that get longer; tells readiness and, at every change, the log.
    /// - Parameters:
    ///   - needsSchema: false lets any database pass that answers.
    ///   - once: gives up after the first look that finds the database unreachable, because the pool has tried as often
    ///     as its settings say; and after as many looks that find no schema.
    /// - Returns: the last verdict; not a good one when shutdown was requested or `once` gave up.
    func wait(
        context: ServiceContext, readiness: Readiness, needsSchema: Bool, once: Bool
    ) async throws -> Verdict {
        var backoff = Backoff(context.core.pool.retry)
        var last: Verdict?
        while true {
            guard let verdict = try await verdict(unless: context.shutdown) else { return last ?? Self.unasked }
            note(verdict, last, readiness, context.logger)
            last = verdict
            if verdict.reason == nil || (verdict.isReachable && !needsSchema) { return verdict }
            if once, !verdict.isReachable { return verdict }
            let pause = backoff.next(jitter: context.randomness())
            if once, backoff.failures >= context.core.pool.retry.maxAttempts { return verdict }
            guard await context.shutdown.pause(for: pause, clock: context.clock) else { return verdict }
        }
    }

    /// Writes what a verdict means into readiness.
    func note(_ verdict: Verdict, _ last: Verdict?, _ readiness: Readiness, _ logger: Logger) {
        let isReachable = verdict.isReachable
        readiness.note(.init("database", isHealthy: isReachable, reason: isReachable ? nil : verdict.reason))
        let schemaReason = isReachable ? verdict.reason : "database not reachable"
        readiness.note(.init("schema", isHealthy: verdict.reason == nil, reason: schemaReason))
        guard verdict != last else { return }
        switch verdict {
        case .ready(let version):
            logger.info("schema_ready", metadata: [LogKey.version: .stringConvertible(version)])
        case .unreachable(let kind, let text):
            logger.warning("database_unreachable", metadata: [LogKey.errorKind: "\(kind)", LogKey.error: "\(text)"])
        case .absent, .tooOld, .incomplete:
            logger.warning("schema_awaited", metadata: [LogKey.reason: "\(verdict.reason ?? "")"])
        }
    }
}
