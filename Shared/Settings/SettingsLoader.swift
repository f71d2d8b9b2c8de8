/// Turns YAML files, texts and dictionaries into typed settings, or into the list of everything wrong with them.
public enum SettingsLoader {
    /// A larger file is refused unread.
    public static let maxFileBytes = 256 * 1024

    /// The settings of a file; variables of `bindings` that are set win over it.
    /// - Parameter leftOut: sections of the file that are somebody else's to read.
    /// - Throws: every problem of the file and of the variables.
    public static func load<T: SettingsSection>(
        _ type: T.Type = T.self, file: String, environment: Environment = Environment([:]),
        bindings: [EnvironmentBinding] = [], leftOut: Set<String> = []
    ) throws(SettingsError) -> T {
        let text = try SettingsFile.text(of: file, maxBytes: maxFileBytes)
        return try load(
            type, yaml: text, source: file, environment: environment, bindings: bindings, leftOut: leftOut)
    }

    /// The settings of a YAML text; `source` names it in problems.
    /// - Parameter leftOut: sections of the text that are somebody else's to read.
    /// - Throws: every problem of the text and of the variables.
    public static func load<T: SettingsSection>(
        _ type: T.Type = T.self, yaml: String, source: String = "yaml", environment: Environment = Environment([:]),
        bindings: [EnvironmentBinding] = [], leftOut: Set<String> = []
    ) throws(SettingsError) -> T {
        var tree = try SettingsYAML.tree(yaml, source: source)
        tree.remove(leftOut)
        for binding in bindings {
            guard let text = environment[binding.variable] else { continue }
            let leaf = SettingsNode(.scalar(binding.value ?? text, .free), .environment(variable: binding.variable))
            tree.put(leaf, at: binding.path[...])
        }
        return try decode(type, tree, source)
    }

    /// The settings of a dictionary in the shape of the YAML file.
    /// - Throws: every problem of the dictionary.
    public static func load<T: SettingsSection>(
        _ type: T.Type = T.self, dictionary: [String: SettingsValue], source: String = "dictionary"
    ) throws(SettingsError) -> T {
        try decode(type, SettingsValue.group(dictionary).node, source)
    }

    /// Checks settings that were made directly.
    /// - Throws: every value out of range and every contradiction.
    public static func check<T: SettingsSection>(_ settings: T, source: String = "settings") throws(SettingsError) {
        _ = try decode(T.self, SettingsEncoder.tree(settings), source)
    }

    private static func decode<T: SettingsSection>(
        _ type: T.Type, _ tree: SettingsNode, _ source: String
    ) throws(SettingsError) -> T {
        let log = SettingsProblemLog(source: source)
        let decoder = SettingsDecoder(log: log, given: tree, defaults: SettingsEncoder.tree(T()), path: [])
        let value = try? decoder.value(type)
        if let value, log.problems.isEmpty { return value }
        if log.problems.isEmpty { log.wrongType(tree, [], allowed: "settings of this kind") }
        throw SettingsError(inFileOrder(log.problems))
    }

    private static func inFileOrder(_ problems: [SettingsProblem]) -> [SettingsProblem] {
        let ordered = problems.enumerated().sorted { left, right in
            (left.element.line ?? .max, left.offset) < (right.element.line ?? .max, right.offset)
        }
        return ordered.map(\.element)
    }
}
