/// A group whose keys are the file's own, taken as they are spelt: names, not properties.
public struct SettingsMap<Value: Codable & Sendable & Equatable>: Codable, Sendable, Equatable {
    /// The values by key.
    public var entries: [String: Value]

    /// With these values.
    public init(_ entries: [String: Value] = [:]) { self.entries = entries }

    /// The keys in order, so that problems are named in the same order every time.
    public var keys: [String] { entries.keys.sorted() }

    /// Reads a group of any keys.
    public init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: VerbatimKey.self)
        entries = [:]
        for key in container.allKeys { entries[key.stringValue] = try container.decode(Value.self, forKey: key) }
    }

    /// Writes the group, ordered by key.
    public func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: VerbatimKey.self)
        for key in keys { try container.encode(entries[key], forKey: VerbatimKey(stringValue: key)) }
    }
}

/// A key that is no property: it has no form in snake_case.
struct VerbatimKey: CodingKey {
    let stringValue: String
    var intValue: Int? { nil }

    init(stringValue: String) { self.stringValue = stringValue }
    init?(intValue: Int) { nil }
}

extension CodingKey {
    /// How a file spells it.
    var settingsName: String { self is VerbatimKey ? stringValue : SettingsKey.name(stringValue) }
}
