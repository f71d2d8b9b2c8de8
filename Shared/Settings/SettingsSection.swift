/// A typed group of settings: what stands under one key of a YAML file, or a whole file.
///
/// Its stored properties carry the defaults; their names in snake_case are the keys (`maxSize` is `max_size`).
/// Absent keys keep the default, keys that are no property are errors.
public protocol SettingsSection: Codable, Sendable, Equatable {
    /// The section as it is when its file says nothing.
    init()

    /// Records every value that is out of range and every pair of values that contradict each other.
    /// Called once for each section of a file, the inner ones first, only when all their values have the right type.
    func validate(into problems: inout Validation)
}

extension SettingsSection {
    /// A section without ranges or relations of its own.
    public func validate(into problems: inout Validation) {}
}

/// A single value with a textual form of its own (seconds, bytes).
public protocol SettingsScalar: Codable, Sendable {
    /// What the value may be, for error messages: "a number of seconds, 0 to 1000000000".
    static var allowed: String { get }

    /// The value a YAML scalar or an environment variable spells; nil when it spells none.
    init?(settingText: String)

    /// The text that `init(settingText:)` reads back as the same value.
    var settingText: String { get }
}
