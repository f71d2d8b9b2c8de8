import Database
import Logging
import ServiceKit
import Telemetry

/// Brings the schema of a database to what the files of `postgres` say.
struct SchemaInstaller: Sendable {
    let store: InitializerStore
    let retry: StepRetry
    /// Folder that holds `init` and `migrations`.
    let folder: String
    /// For one file, and for the wait for another Initializer.
    let timeout: Duration

    /// What was done.
    struct Report: Sendable, Equatable {
        /// Newest migration of the database afterwards.
        var version: Int32
        /// Files of `init` or migrations that ran.
        var filesRun: [String] = []
    }

    /// Installs, migrates, or finds that nothing is to be done.
    func apply() async throws -> Report {
        let scripts = try SchemaFolder.scripts(folder + "/migrations")
        let files = try InitializerPlan.migrations(scripts.map { ($0.name, $0.checksum) })
        let texts = Dictionary(scripts.map { ($0.name, $0.text) }, uniquingKeysWith: { first, _ in first })
        var report = Report(version: 0)
        var plan = try await plan(files)
        if plan == .install {
            report.filesRun = try await install()
            plan = try await self.plan(files)
        }
        switch plan {
        case .install: throw InitializerError.notRecorded(folder: folder + "/init")
        case .current(let version): report.version = version
        case .migrate(let migrations):
            for migration in migrations {
                guard try await migrate(migration, files, texts[migration.name] ?? "") else { continue }
                report.filesRun.append(migration.name)
            }
            report.version = migrations.last?.version ?? 0
        }
        return report
    }

    private func plan(_ files: [InitializerPlan.Migration]) async throws -> InitializerPlan.Schema {
        let applied = try await retry.run("apply_schema") {
            try await store.withInstallationLock(timeout: timeout) { connection in
                try await store.appliedMigrations(connection, timeout: timeout)
            }
        }
        return try InitializerPlan.schema(applied: applied, files: files)
    }

    /// Every file is a transaction, and may run again on what it made: another Initializer that installs the same files
    /// at the same time, or one that was killed half way, is no matter.
    private func install() async throws -> [String] {
        let scripts = try SchemaFolder.scripts(folder + "/init")
        for script in scripts {
            try await retry.run("apply_schema") {
                try await store.withInstallationLock(timeout: timeout) { connection in
                    try await connection.runScript(script.text, name: script.name, timeout: timeout)
                }
            }
            log("schema_file_run", script.name)
        }
        return scripts.map(\.name)
    }

    /// Runs one migration and records it, unless another Initializer did so meanwhile.
    /// - Returns: whether it ran here.
    private func migrate(
        _ migration: InitializerPlan.Migration, _ files: [InitializerPlan.Migration], _ text: String
    ) async throws -> Bool {
        let ran = try await retry.run("apply_schema") {
            try await store.withInstallationLock(timeout: timeout) { connection in
                let applied = try await store.appliedMigrations(connection, timeout: timeout)
                guard case .migrate(let open) = try InitializerPlan.schema(applied: applied, files: files),
                    open.first == migration
                else { return false }
                try await connection.runScript(text, name: migration.name, timeout: timeout)
                try await store.record(migration, connection, timeout: timeout)
                return true
            }
        }
        if ran { log("migration_applied", migration.name) }
        return ran
    }

    private func log(_ event: String, _ file: String) {
        retry.context.logger.info("\(event)", metadata: [LogKey.file: "\(file).sql"])
    }
}
