/// The variables of the process as a value; only a main type reads the real ones.
public struct Environment: Sendable {
    private let values: [String: String]

    /// The given variables. An empty value counts as absent, because container files pass unset variables that way.
    public init(_ values: [String: String]) { self.values = values.filter { !$0.value.isEmpty } }

    /// The value of a variable, never empty; nil when it is absent or empty.
    public subscript(name: String) -> String? { values[name] }

    /// The value of a variable that must not be printed.
    public func secret(_ name: String) -> Secret? { values[name].map(Secret.init) }

    /// The value of a variable without which the process cannot work.
    /// - Throws: `SettingsError` of kind `missing` that names the variable.
    public func requiredSecret(_ name: String) throws(SettingsError) -> Secret {
        if let secret = secret(name) { return secret }
        throw SettingsError([
            SettingsProblem(
                kind: .missing, source: Self.sourceName, key: name, given: "nothing",
                allowed: "a value in the environment of the process")
        ])
    }

    /// What stands in the place of a file name in problems of variables.
    public static let sourceName = "environment"
}

/// A variable that wins over a key of a YAML file.
public struct EnvironmentBinding: Sendable, Hashable {
    /// `DB_PORT`
    public let variable: String
    /// Keys from the root: `["pool", "database", "port"]`.
    public let path: [String]
    /// What the key becomes when the variable is set; nil for the variable's own text.
    public let value: String?

    /// Binds a variable to the key with this dotted path.
    public init(_ variable: String, _ dottedPath: String, value: String? = nil) {
        self.variable = variable
        self.value = value
        path = dottedPath.split(separator: ".").map(String.init)
    }
}
