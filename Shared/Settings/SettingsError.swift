/// One thing that is wrong with a configuration.
public struct SettingsProblem: Sendable, Hashable, CustomStringConvertible {
    /// What kind of mistake it is; the raw value stands in logs.
    public enum Kind: String, Sendable {
        /// A file that is not there, may not be read or is no text.
        case unreadable
        /// A file above the bound.
        case tooLarge = "too_large"
        /// No valid YAML, or YAML beyond its bounds.
        case syntax
        /// A key twice in one group.
        case duplicateKey = "duplicate_key"
        /// A key that no setting has.
        case unknownKey = "unknown_key"
        /// A value of another kind than the setting's.
        case wrongType = "wrong_type"
        /// A value of the right kind outside its range.
        case outOfRange = "out_of_range"
        /// Two values that cannot hold together.
        case contradiction
        /// A value that has to be given and is not.
        case missing
    }

    /// What kind of mistake it is.
    public let kind: Kind
    /// The file, or "environment".
    public let source: String
    /// From 1; nil where the value stands in no line (a default, a variable).
    public let line: Int?
    /// The keys from the root, joined by points ("pool.limits.min_size"), or the name of a variable; empty for a
    /// whole file.
    public let key: String
    /// What was found, secrets hidden.
    public let given: String
    /// What would be right.
    public let allowed: String

    /// A problem as it is to be reported.
    public init(kind: Kind, source: String, line: Int? = nil, key: String, given: String, allowed: String) {
        self.kind = kind
        self.source = source
        self.line = line
        self.key = key
        self.given = given
        self.allowed = allowed
    }

    /// One line: "brotr.yaml:12: pool.limits.min_size: given 0, allowed 1 to 1000".
    public var description: String {
        let place = line.map { "\(source):\($0)" } ?? source
        let subject = key.isEmpty ? "" : " \(key):"
        return "\(place):\(subject) given \(given), allowed \(allowed)"
    }
}

/// Everything that is wrong with a configuration; never empty.
public struct SettingsError: Error, Sendable, Equatable, CustomStringConvertible {
    /// In the order of the file.
    public let problems: [SettingsProblem]

    /// All that was found.
    public init(_ problems: [SettingsProblem]) { self.problems = problems }

    /// The kind of the first problem.
    public var kind: String { problems.first?.kind.rawValue ?? "configuration" }

    /// One problem a line.
    public var description: String { problems.map(\.description).joined(separator: "\n") }
}
