internal import ArgumentParser
internal import Telemetry

/// The arguments of a service, parsed.
public struct ServiceOptions: Sendable, Equatable {
    /// The service's own YAML file.
    public var config: String
    /// The YAML file that all services share.
    public var coreConfig: String
    /// One cycle, then exit.
    public var once = false
    /// Wins over the level of the files.
    public var logLevel: LogLevel?
    /// Print the effective configuration and exit.
    public var checkConfig = false
}

/// The command line of one service.
struct ServiceCommand<S: BaseService>: ParsableCommand {
    static var configuration: CommandConfiguration {
        CommandConfiguration(
            commandName: S.productName,
            abstract: "BigBrotr \(S.serviceName): part of an archive and observatory of the Nostr network.",
            discussion: """
                Environment: DB_PASSWORD (needed), DB_HOST, DB_PORT, DB_NAME, DB_USER, SOCKS5_PROXY_URL, \
                NOSTR_PRIVATE_KEY win over the files.
                Exit status: 0 good; 1 the cycle of --once failed; 64 wrong arguments; 69 database not reachable \
                (--once); 78 wrong configuration.
                """,
            version: "\(S.productName) \(BuildInfo.version)")
    }

    @Option(name: .long, help: ArgumentHelp("The service's own settings.", valueName: "file"))
    var config = "deploy/bigbrotr/yaml/services/\(S.serviceName).yaml"

    @Option(name: .long, help: ArgumentHelp("The settings that all services share.", valueName: "file"))
    var coreConfig = "deploy/bigbrotr/yaml/core/brotr.yaml"

    @Flag(name: .long, help: "Run one cycle, then exit.")
    var once = false

    @Option(
        name: .long, help: ArgumentHelp("Least severe level to log, \(LogLevel.allowed).", valueName: "level"),
        transform: Self.level)
    var logLevel: LogLevel?

    @Flag(name: .long, help: "Print the effective configuration, secrets hidden, and exit.")
    var checkConfig = false

    @Sendable private static func level(_ text: String) throws -> LogLevel {
        guard let level = LogLevel(settingText: text) else {
            throw ValidationError("given \(text), allowed \(LogLevel.allowed)")
        }
        return level
    }
}

/// Parses command lines.
enum ServiceArguments {
    /// What a command line asks for.
    enum Parsed: Equatable {
        case run(ServiceOptions)
        case exit(ExitReport)
    }

    /// Reads the arguments that follow the program's name. Help and version go to standard output with status 0, wrong
    /// arguments to standard error with status 64.
    static func parse<S: BaseService>(_ arguments: [String], for service: S.Type) -> Parsed {
        do {
            let command = try ServiceCommand<S>.parse(arguments)
            return .run(
                ServiceOptions(
                    config: command.config, coreConfig: command.coreConfig, once: command.once,
                    logLevel: command.logLevel, checkConfig: command.checkConfig))
        } catch {
            let text = ServiceCommand<S>.fullMessage(for: error) + "\n"
            guard ServiceCommand<S>.exitCode(for: error) != .success else {
                return .exit(ExitReport(status: .success, output: text))
            }
            return .exit(ExitReport(status: .usage, errors: text))
        }
    }
}
