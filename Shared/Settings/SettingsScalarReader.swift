/// Reads single values: texts, numbers, true and false, and the scalars with units.
enum SettingsScalarReader {
    /// Thrown when the node does not spell a value of the type.
    struct Mismatch: Error {}

    /// The value of a node; nil when the type is no single value at all.
    static func read<T>(_ type: T.Type, _ node: SettingsNode?) throws -> T? {
        if let scalarType = type as? any SettingsScalar.Type {
            let text = text(node) ?? quotedWord(node)
            return try text.flatMap { scalarType.init(settingText: $0) }.map { $0 as? T } ?? mismatch()
        }
        if type == String.self { return try string(node) as? T }
        if type == Bool.self { return try bool(node) as? T }
        if type == Double.self { return try text(node).flatMap(SettingsNumber.double).map { $0 as? T } ?? mismatch() }
        if let integer = type as? any FixedWidthInteger.Type {
            let number = text(node).flatMap(SettingsNumber.integer)
            return try number.flatMap { exactly(integer, $0) }.map { $0 as? T } ?? mismatch()
        }
        return nil
    }

    /// What a single value of the type may be.
    static func allowed<T>(_ type: T.Type) -> String {
        if let scalar = type as? any SettingsScalar.Type { return scalar.allowed }
        if type == Bool.self { return "true or false" }
        if type == Double.self { return "a number" }
        if type == String.self { return "a text (in quotes where it looks like something else)" }
        if type is any FixedWidthInteger.Type { return "a whole number" }
        return "a value of another kind"
    }

    /// What stands in for a wrong element of a list, so that the following ones can be looked at.
    static func placeholder<T>(_ type: T.Type) -> SettingsNode? {
        if let section = type as? any SettingsSection.Type { return tree(section) }
        if type == String.self { return SettingsNode(.scalar("", .quoted)) }
        if type is any SettingsScalar.Type || type is any FixedWidthInteger.Type || type == Double.self {
            return SettingsNode(.scalar("0", .plain))
        }
        return type == Bool.self ? SettingsNode(.scalar("false", .plain)) : nil
    }

    private static func tree<S: SettingsSection>(_ type: S.Type) -> SettingsNode { SettingsEncoder.tree(S()) }

    private static func exactly<I: FixedWidthInteger>(_ type: I.Type, _ number: Int) -> I? { I(exactly: number) }

    private static func mismatch<T>() throws -> T? { throw Mismatch() }

    /// The text of a scalar that is not a text itself.
    private static func text(_ node: SettingsNode?) -> String? {
        guard case .scalar(let text, let form)? = node?.value, form != .quoted else { return nil }
        return text
    }

    /// A quoted "4 MiB" is as good as a plain one; a quoted "5" is a text, not a number.
    private static func quotedWord(_ node: SettingsNode?) -> String? {
        guard case .scalar(let text, .quoted)? = node?.value, SettingsNumber.double(text) == nil else { return nil }
        return text
    }

    private static func bool(_ node: SettingsNode?) throws -> Bool {
        switch text(node) {
        case "true", "True", "TRUE": true
        case "false", "False", "FALSE": false
        default: throw Mismatch()
        }
    }

    private static func string(_ node: SettingsNode?) throws -> String {
        guard case .scalar(let text, let form)? = node?.value else { throw Mismatch() }
        if form == .plain {
            // YAML readers disagree on these: one takes "no" or "0x1f" for a text, another does not.
            let ambiguous = ["true", "false", "yes", "no", "on", "off", "y", "n"].contains(text.lowercased())
            guard !ambiguous, SettingsNumber.double(text) == nil, !text.hasPrefix("0x") else { throw Mismatch() }
        }
        return text
    }
}
