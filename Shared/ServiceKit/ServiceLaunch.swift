internal import Database
internal import Nostr
internal import Settings

/// Everything a service is started with, checked.
struct ServiceLaunch<Config: ServiceConfig>: Sendable {
    var options: ServiceOptions
    var core: CoreSettings
    var config: Config
    var environment: Environment
    var password: Secret

    /// The health port: the service's own word over the core file's.
    var health: HealthSettings { config.health?.over(core.health) ?? core.health }

    /// Least severe level: argument, service file, core file.
    var logLevel: LogLevel { options.logLevel ?? config.logLevel ?? core.logging.level }

    /// Where relative paths start.
    var instanceFolder: String { InstanceFolder.of(configFile: options.config) }
}

/// From arguments, files and environment to a launch, or to what the process prints before it ends.
enum ServiceStart<S: BaseService> {
    case launch(ServiceLaunch<S.Config>)
    case exit(ExitReport)

    /// Reads both files and all variables; every problem of all of them is reported.
    init(arguments: [String], environment: Environment) {
        switch ServiceArguments.parse(arguments, for: S.self) {
        case .exit(let report): self = .exit(report)
        case .run(let options): self = Self.load(options, environment)
        }
    }

    private static func load(_ options: ServiceOptions, _ environment: Environment) -> Self {
        var problems: [SettingsProblem] = []
        func loaded<T>(_ load: () throws(SettingsError) -> T) -> T? {
            do { return try load() } catch {
                problems += error.problems
                return nil
            }
        }
        let core = loaded { () throws(SettingsError) in
            try SettingsLoader.load(
                CoreSettings.self, file: options.coreConfig, environment: environment,
                bindings: CoreSettings.environment)
        }
        let config = loaded { () throws(SettingsError) in
            try SettingsLoader.load(S.Config.self, file: options.config)
        }
        _ = loaded { () throws(SettingsError) in try PrivateKeyShape.check(environment) }
        if options.checkConfig, let core, let config, problems.isEmpty {
            return .exit(EffectiveConfiguration.report(options, core, config, environment))
        }
        let password = loaded { () throws(SettingsError) in try environment.requiredSecret("DB_PASSWORD") }
        for name in config?.requiredSecrets ?? [] {
            _ = loaded { () throws(SettingsError) in try environment.requiredSecret(name) }
        }
        guard let core, let config, let password, problems.isEmpty else {
            return .exit(ExitReport(status: .configuration, errors: SettingsError(problems).description + "\n"))
        }
        return .launch(
            ServiceLaunch(
                options: options, core: core, config: config, environment: environment, password: password))
    }
}

/// Whether NOSTR_PRIVATE_KEY is a key; its owner decodes it again.
enum PrivateKeyShape {
    /// - Throws: a problem that names the variable and not its value.
    static func check(_ environment: Environment) throws(SettingsError) {
        guard let text = environment["NOSTR_PRIVATE_KEY"], !isKey(text) else { return }
        throw SettingsError([
            SettingsProblem(
                kind: .wrongType, source: Environment.sourceName, key: "NOSTR_PRIVATE_KEY",
                given: "\(text.utf8.count) bytes that are no key", allowed: "64 hex digits or nsec1...")
        ])
    }

    private static func isKey(_ text: String) -> Bool { (try? NIP19Keys.secretKey(text)) != nil }
}

/// The printout of `--check-config`.
enum EffectiveConfiguration {
    static func report<Config: ServiceConfig>(
        _ options: ServiceOptions, _ core: CoreSettings, _ config: Config, _ environment: Environment
    ) -> ExitReport {
        let secrets = ["DB_PASSWORD", "NOSTR_PRIVATE_KEY"].map { name in
            "# \(name): \(environment[name] == nil ? "not set" : Secret.dots)\n"
        }
        let text = """
            # effective configuration; variables of the environment are in it
            \(secrets.joined())# --core-config \(options.coreConfig)
            \(SettingsPrinter.text(core))---
            # --config \(options.config)
            \(SettingsPrinter.text(config))
            """
        return ExitReport(status: .success, output: text)
    }
}
