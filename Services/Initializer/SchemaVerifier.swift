import Settings

/// Compares a database with what has to be there.
struct SchemaVerifier: Sendable {
    let store: InitializerStore
    let retry: StepRetry
    let config: InitializerConfig

    /// What is missing, each once and sorted: "table relays". Empty when all is well.
    /// - Parameter procedures: names that the core settings call functions by.
    func missing(procedures: [String]) async throws -> [String] {
        let wanted = objects(procedures)
        let checks = config.verification
        let named = try await retry.run("verify_schema") { try await store.missing(wanted) }
        guard checks.tables || checks.procedures || checks.extensions || checks.views else { return named }
        let release = try await retry.run("verify_schema") { try await store.missingOfRelease() }
        return Set(named + release.filter(isChecked)).sorted()
    }

    /// What the settings name.
    private func objects(_ procedures: [String]) -> [(kind: String, name: String)] {
        let (checks, expected) = (config.verification, config.expectedSchema)
        var objects: [(kind: String, name: String)] = []
        if checks.extensions { objects += expected.extensions.map { ("extension", $0) } }
        if checks.tables { objects += expected.tables.map { ("table", $0) } }
        if checks.procedures { objects += (expected.procedures + procedures).map { ("procedure", $0) } }
        if checks.views { objects += expected.views.map { ("view", $0) } }
        return objects
    }

    /// Whether the settings ask for objects of this kind; the first word of a line is the kind.
    private func isChecked(_ line: String) -> Bool {
        switch line.prefix(while: { $0 != " " }) {
        case "extension": config.verification.extensions
        case "function": config.verification.procedures
        case "view": config.verification.views
        default: config.verification.tables
        }
    }
}
