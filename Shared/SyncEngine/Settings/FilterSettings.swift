internal import Crypto
internal import Nostr
public import Settings

/// Section `filter`: which events are archived; what is empty leaves everything in. Another filter opens the coverage
/// of every relay; what is stored stays. The same in both synchronizers, or each change of hands does that.
public struct FilterSettings: SettingsSection {
    /// Kinds, 0 to 65,535; at most 1,000.
    public var kinds: [Int] = []
    /// Authors, 64 lowercase hex digits each; at most 1,000.
    public var authors: [String] = []
    /// Values of tags by the tag's one letter, a to z or A to Z: an event has to have one of each letter's values. At
    /// most 1,000 values a letter, each 1 to 2,048 bytes.
    public var tags = SettingsMap<[String]>()

    /// Everything.
    public init() {}

    /// Ranges and forms.
    public func validate(into problems: inout Validation) {
        problems.check("kinds", kinds.count, in: 0...1000)
        for (index, kind) in kinds.enumerated() { problems.check("kinds.[\(index)]", kind, in: 0...65_535) }
        problems.check("authors", publicKeys: authors, atMost: 1000)
        for letter in tags.keys { check(letter, tags.entries[letter] ?? [], &problems) }
    }

    private func check(_ letter: String, _ values: [String], _ problems: inout Validation) {
        let isLetter = letter.utf8.count == 1 && letter.allSatisfy { $0.isASCII && $0.isLetter }
        problems.require(isLetter, "tags", given: String(letter.prefix(100)), allowed: "single letters as keys")
        problems.check("tags.\(letter)", values.count, in: 1...1000)
        for (index, value) in values.enumerated() { problems.check("tags.\(letter).[\(index)]", text: value) }
    }
}

extension Validation {
    /// A list of public keys in hex.
    public mutating func check(_ key: String, publicKeys: [String], atMost limit: Int) {
        check(key, publicKeys.count, in: 0...limit)
        for (index, text) in publicKeys.enumerated() where PublicKey(hex: text) == nil {
            require(
                false, "\(key).[\(index)]", given: String(text.prefix(100)), allowed: "64 lowercase hex digits")
        }
    }
}
