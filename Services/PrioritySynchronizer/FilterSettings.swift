import Crypto
import Nostr
import Settings

/// Section `filter`: which events are archived; an empty list leaves everything in.
struct FilterSettings: SettingsSection {
    /// Kinds, 0 to 65,535; at most 1,000.
    var kinds: [Int] = []
    /// Authors, 64 lowercase hex digits each; at most 1,000.
    var authors: [String] = []

    func validate(into problems: inout Validation) {
        problems.check("kinds", kinds.count, in: 0...1000)
        for (index, kind) in kinds.enumerated() { problems.check("kinds.[\(index)]", kind, in: 0...65_535) }
        problems.check("authors", publicKeys: authors, atMost: 1000)
    }
}

extension Validation {
    /// A list of public keys in hex.
    mutating func check(_ key: String, publicKeys: [String], atMost limit: Int) {
        check(key, publicKeys.count, in: 0...limit)
        for (index, text) in publicKeys.enumerated() where PublicKey(hex: text) == nil {
            require(
                false, "\(key).[\(index)]", given: String(text.prefix(100)), allowed: "64 lowercase hex digits")
        }
    }
}

/// Section `time_range`: which part of the relays' history is archived, in Unix seconds of `created_at`.
struct TimeRangeSettings: SettingsSection {
    /// The oldest second. Later than the first event of a relay: the rest is never asked for.
    var since = 0
    /// The newest second; null for no end.
    var until: Int?

    func validate(into problems: inout Validation) {
        problems.check("since", since, in: 0...Int.max)
        guard let until else { return }
        problems.require(
            since <= until, "until", given: String(until), allowed: "null, or at least since (\(since))")
    }
}
