/// Collects what is out of range or contradictory in one section; the loader knows where the section stands.
public struct Validation: Sendable {
    /// A finding about a key of the section.
    public struct Finding: Sendable, Hashable {
        /// Relative to the section, parts joined by points.
        public let key: String
        /// The value as the file would spell it.
        public let given: String
        /// What would be right.
        public let allowed: String
        /// A relation between values is broken, not a range.
        public let isContradiction: Bool
    }

    /// In the order they were found.
    public private(set) var findings: [Finding] = []

    /// Nothing found yet.
    public init() {}

    /// Records a value outside its range.
    public mutating func check<Value: Comparable>(_ key: String, _ value: Value, in range: ClosedRange<Value>) {
        guard !range.contains(value) else { return }
        let allowed = "\(Self.text(range.lowerBound)) to \(Self.text(range.upperBound))"
        findings.append(Finding(key: key, given: Self.text(value), allowed: allowed, isContradiction: false))
    }

    /// Records a text that is empty, too long in UTF-8 bytes, or holds control characters.
    public mutating func check(_ key: String, text: String, maxBytes: Int = 2048) {
        let isPlain = !text.unicodeScalars.contains { $0.value < 0x20 || $0.value == 0x7F }
        guard text.isEmpty || text.utf8.count > maxBytes || !isPlain else { return }
        let size = "\(text.utf8.count) bytes" + (isPlain ? "" : " with control characters")
        let given = text.isEmpty ? "an empty text" : size
        let allowed = "1 to \(maxBytes) bytes without control characters"
        findings.append(Finding(key: key, given: given, allowed: allowed, isContradiction: false))
    }

    /// Records what breaks a rule of its own, or the relation between two values.
    public mutating func require(_ isMet: Bool, _ key: String, given: String, allowed: String) {
        guard !isMet else { return }
        findings.append(Finding(key: key, given: given, allowed: allowed, isContradiction: true))
    }

    private static func text<Value>(_ value: Value) -> String {
        (value as? any SettingsScalar)?.settingText ?? "\(value)"
    }
}
