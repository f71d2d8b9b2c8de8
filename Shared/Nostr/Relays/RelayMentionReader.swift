internal import Glibc

/// Finds the relays that stored events name, over all slots of `RelaySlot`.
///
/// It takes whatever the archive holds: nothing in an event can trap it, and nothing that is no relay comes out. An
/// event without URLs costs two searches for a colon. Spellings repeat, so the last few thousand are remembered.
///
/// Reasons of its own, besides those of `RelayURLError`: `local_address` (a reserved address or local name),
/// `bad_utf8`, `bad_bech32`, `bad_tlv` (a length that is longer than the rest), `bad_json`, `not_an_object`,
/// `bad_tags`, `shortened` (a text cut for display), `over_limit`.
public struct RelayMentionReader: Sendable {
    /// Version of the rules by which spellings become relays; stored with each candidate.
    public static let ruleVersion: Int16 = 2
    /// Texts looked at in one event; a list of relays has a few dozen.
    public static let maxTexts = 4_000
    /// Spellings remembered, and bytes of one.
    private static let cachedSpellings = 8_192
    private static let cachedBytes = 200
    /// Levels of JSON inside a content.
    static let maxDepth = 16

    private let allowsLocal: Bool
    private var cache: [String: ListedRelay] = [:]
    private var texts = 0
    /// What was found so far.
    var mentions = RelayMentions()

    /// - Parameter allowsLocal: reserved addresses and local names are relays too.
    public init(allowsLocal: Bool) { self.allowsLocal = allowsLocal }

    /// The relays of one event.
    /// - Parameters:
    ///   - tags: JSON text of the tags.
    ///   - content: UTF-8.
    public mutating func read(kind: UInt16, tags: [UInt8], content: [UInt8]) -> RelayMentions {
        mentions = RelayMentions()
        texts = 0
        tags.withUnsafeBufferPointer { readTags($0, kind) }
        content.withUnsafeBufferPointer { readContent($0, kind) }
        return mentions
    }

    /// What a text means that stands for a relay in a list besides events. The rules are those of events.
    /// - Returns: the relay and how it was written, the normal form where that held a password or a token; or the
    ///   reason why it is none.
    public mutating func read(text: String) -> ListedRelay {
        guard text.utf8.count <= RelayURL.maxBytes else { return .rejected(RelayURLError.tooLong.kind) }
        return reading(text)
    }

    /// Takes a text that stands where a relay should.
    mutating func take(_ bytes: UnsafeBufferPointer<UInt8>, _ slot: RelaySlot) {
        texts += 1
        guard texts <= Self.maxTexts else { return mentions.reject("over_limit") }
        guard bytes.count <= RelayURL.maxBytes else { return mentions.reject(RelayURLError.tooLong.kind) }
        guard let text = String(validating: bytes, as: UTF8.self) else { return mentions.reject("bad_utf8") }
        switch reading(text) {
        case .relay(let url, let spelling):
            mentions.found.append(.init(url: url, spelling: spelling, slot: slot))
        case .rejected(let reason): mentions.reject(reason)
        }
    }

    private mutating func reading(_ text: String) -> ListedRelay {
        if let known = cache[text] { return known }
        let reading = parse(text)
        guard text.utf8.count <= Self.cachedBytes else { return reading }
        if cache.count >= Self.cachedSpellings { cache.removeAll(keepingCapacity: true) }
        cache[text] = reading
        return reading
    }

    private func parse(_ text: String) -> ListedRelay {
        do throws(RelayURLError) {
            let (url, marks) = try RelayURL.parseMarked(text)
            guard allowsLocal || url.network != .local else { return .rejected("local_address") }
            let isSecret = marks.contains(.credentials) || marks.contains(.secretQuery)
            return .relay(url, spelling: isSecret ? url.text : text)
        } catch {
            return .rejected(error.kind)
        }
    }
}

/// What a text in the place of a relay means.
public enum ListedRelay: Sendable, Equatable {
    /// A relay, and how it was written.
    case relay(RelayURL, spelling: String)
    /// None, for which reason: a kind of `RelayURLError`, or one of `RelayMentionReader`'s own.
    case rejected(String)
}

/// Searches in bytes.
enum ByteSearch {
    /// Where the next colon stands at or behind a place.
    @inline(__always)
    static func colon(_ bytes: UnsafeBufferPointer<UInt8>, from start: Int) -> Int? {
        guard let base = bytes.baseAddress, start < bytes.count,
            let found = memchr(base + start, 0x3A, bytes.count - start)
        else { return nil }
        return UnsafeRawPointer(found) - UnsafeRawPointer(base)
    }

    /// Whether `//` follows the colon at a place.
    @inline(__always)
    static func slashesFollow(_ bytes: UnsafeBufferPointer<UInt8>, _ colon: Int) -> Bool {
        colon + 2 < bytes.count && bytes[colon + 1] == UInt8(ascii: "/") && bytes[colon + 2] == UInt8(ascii: "/")
    }

    /// Whether `://` stands anywhere.
    static func holdsURL(_ bytes: UnsafeBufferPointer<UInt8>) -> Bool {
        var place = 0
        while let colon = colon(bytes, from: place) {
            if slashesFollow(bytes, colon) { return true }
            place = colon + 1
        }
        return false
    }

    /// Where the scheme begins, `ws` or `wss` in any case, that ends before the colon at a place.
    static func relayScheme(_ bytes: UnsafeBufferPointer<UInt8>, before colon: Int) -> Int? {
        let lower = { (back: Int) in colon >= back ? bytes[colon - back] | 0x20 : 0 }
        guard lower(1) == UInt8(ascii: "s") else { return nil }
        if lower(2) == UInt8(ascii: "w") { return colon - 2 }
        return lower(2) == UInt8(ascii: "s") && lower(3) == UInt8(ascii: "w") ? colon - 3 : nil
    }

    /// Letters and digits of ASCII.
    static func isAlphanumeric(_ byte: UInt8) -> Bool {
        (0x30...0x39).contains(byte) || (0x61...0x7A).contains(byte | 0x20)
    }
}
