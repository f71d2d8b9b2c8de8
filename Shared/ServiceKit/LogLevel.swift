public import Logging
public import Settings

/// A severity as settings and arguments spell it: "INFO" or "info".
public struct LogLevel: SettingsScalar, Hashable {
    /// The level of swift-log.
    public let level: Logger.Level

    /// The given level.
    public init(_ level: Logger.Level) { self.level = level }

    /// INFO.
    public static let info = LogLevel(.info)

    private static let names: [(String, Logger.Level)] = [
        ("TRACE", .trace), ("DEBUG", .debug), ("INFO", .info), ("NOTICE", .notice), ("WARNING", .warning),
        ("ERROR", .error), ("CRITICAL", .critical),
    ]

    /// What a setting or an argument of this kind may be.
    public static var allowed: String { "one of " + names.map(\.0).joined(separator: ", ") }

    /// Reads a name in upper or lower case.
    public init?(settingText: String) {
        guard let known = Self.names.first(where: { $0.0 == settingText.uppercased() }) else { return nil }
        level = known.1
    }

    /// The name in upper case.
    public var settingText: String { level.rawValue.uppercased() }

    /// Reads a name.
    public init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        guard let level = LogLevel(settingText: try container.decode(String.self)) else {
            throw DecodingError.dataCorruptedError(in: container, debugDescription: Self.allowed)
        }
        self = level
    }

    /// Writes the name.
    public func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(settingText)
    }
}
