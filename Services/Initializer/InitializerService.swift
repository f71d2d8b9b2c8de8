import Database
import Logging
import ServiceKit
import Settings
import Telemetry

/// Makes a database ready for the fleet, and ends: schema, logins, verification, first relays.
actor InitializerService: BaseService {
    static let serviceName = "initializer"
    static let runsOnce = true
    static let needsSchema = false

    nonisolated let context: ServiceContext
    var state = InitializerState()

    private let config: InitializerConfig
    private let store: InitializerStore
    private let retry: StepRetry

    init(config: InitializerConfig, context: ServiceContext) {
        self.config = config
        self.context = context
        store = InitializerStore(brotr: context.brotr)
        retry = StepRetry(settings: config.retry, context: context)
    }

    /// All steps in order. A failed one ends what needs it: without a schema there is nothing to verify, and nothing is
    /// seeded into a schema that is not whole; logins are apart.
    func run() async throws -> Outcome {
        var record = RunRecord()
        var user = ""
        let isReachable = try await perform("wait_for_database", &record) { _ in
            let facts = try await self.facts()
            user = facts.user
            let details: [String: Step.Detail] = [
                LogKey.database: .text(facts.database), LogKey.user: .text(facts.user),
            ]
            return ("PostgreSQL \(facts.version)", details)
        }
        guard isReachable else { return record.outcome }
        guard try await perform("apply_schema", &record, applySchema) else { return record.outcome }
        // Only now is there a place to load it from.
        try await loadState()
        let loginUser = user
        try await perform("create_logins", &record) { try await self.createLogins(&$0, user: loginUser) }
        if try await perform("verify_schema", &record, verify) {
            if config.seed.enabled { try await perform("seed_relays", &record, seed) }
        }
        note(record)
        return record.outcome
    }

    /// Runs a step, logs how it ended and keeps it.
    /// - Returns: whether it succeeded.
    @discardableResult
    private func perform(
        _ name: String, _ record: inout RunRecord,
        _ body: (inout RunRecord) async throws -> (message: String, details: [String: Step.Detail])
    ) async throws -> Bool {
        var running = record
        let step = try await Step.measure(name, clock: context.clock) { try await body(&running) }
        record = running
        record.steps.append(step)
        var fields: Logger.Metadata = [
            LogKey.step: "\(name)", LogKey.durationMS: .stringConvertible(step.duration.wholeMilliseconds),
            step.success ? LogKey.detail : LogKey.error: "\(step.message)",
        ]
        for (key, detail) in step.details {
            switch detail {
            case .count(let count): fields[LogKey.count(key)] = .stringConvertible(count)
            case .number(let number): fields[key] = .stringConvertible(number)
            case .text(let text): fields[key] = .string(text)
            case .list(let texts): fields[key] = .array(texts.map { .string($0) })
            }
        }
        if step.success {
            context.logger.info("step_completed", metadata: fields)
        } else {
            context.logger.error("step_failed", metadata: fields)
        }
        return step.success
    }

    private func facts() async throws -> ServerFacts {
        let facts = try await retry.run("wait_for_database") { try await store.serverFacts() }
        guard !facts.isStandby else { throw InitializerError.standby }
        return facts
    }

    private func applySchema(
        _ record: inout RunRecord
    ) async throws -> (message: String, details: [String: Step.Detail]) {
        let installer = SchemaInstaller(
            store: store, retry: retry, folder: context.path(context.core.schema.path),
            timeout: config.migrationTimeout.duration)
        let report = try await installer.apply()
        record.schemaVersion = report.version
        record.metrics["schema_files_run"] = .count(Int64(report.filesRun.count))
        let message = report.filesRun.isEmpty ? "nothing to apply" : "ran \(report.filesRun.joined(separator: ", "))"
        return (message, [LogKey.schemaVersion: .number(Int(report.version))])
    }

    private func createLogins(
        _ record: inout RunRecord, user: String
    ) async throws -> (message: String, details: [String: Step.Detail]) {
        let report = try await ServiceLogins(store: store, retry: retry).apply(user: user)
        record.metrics["logins_created"] = .count(Int64(report.created.count))
        record.metrics["logins_renewed"] = .count(Int64(report.renewed.count))
        let names = [LogKey.created: report.created, LogKey.renewed: report.renewed]
            .filter { !$0.value.isEmpty }.mapValues { Step.Detail.list($0) }
        return ("\(report.created.count) created, \(report.renewed.count) renewed, \(report.kept.count) kept", names)
    }

    private func verify(_ record: inout RunRecord) async throws -> (message: String, details: [String: Step.Detail]) {
        let verifier = SchemaVerifier(store: store, retry: retry, config: config)
        let missing = try await verifier.missing(procedures: context.core.procedures.all)
        record.metrics["objects_missing"] = .count(Int64(missing.count))
        guard missing.isEmpty else { throw InitializerError.missing(missing) }
        return ("nothing is missing", [:])
    }

    private func seed(_ record: inout RunRecord) async throws -> (message: String, details: [String: Step.Detail]) {
        let seeder = RelaySeeder(retry: retry, batchSize: config.seed.batchSize)
        let path = context.path(config.seed.path)
        let report = try await seeder.seed(path)
        record.seeding = report
        record.metrics["relays_seeded"] = .count(Int64(report.inserted))
        record.metrics["relays_known"] = .count(Int64(report.known))
        record.metrics["relays_rejected"] = .count(Int64(report.rejected.count + report.refused))
        record.metrics["relays_duplicate"] = .count(Int64(report.duplicates))
        return (report.message, report.details.merging([LogKey.file: .text(path)]) { first, _ in first })
    }

    private func note(_ record: RunRecord) {
        state.runs += 1
        state.schemaVersion = record.schemaVersion ?? state.schemaVersion
        guard let seeding = record.seeding else { return }
        state.relaysSeeded += Int64(seeding.inserted)
        state.relaysKnown = Int64(seeding.known)
        state.relaysRejected = Int64(seeding.rejected.count + seeding.refused)
    }
}
