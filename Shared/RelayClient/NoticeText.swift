/// What a NOTICE says that is written for people: judged by its words, because it names no subscription.
struct NoticeText {
    /// What a relay may not know.
    enum Request: CaseIterable {
        /// NEG-OPEN (NIP-77).
        case reconciliation
        /// COUNT (NIP-45).
        case count
    }

    /// As received, cut at 512 bytes.
    let text: String

    private let lowercased: String
    private let words: Set<Substring>

    /// A notice.
    init(_ text: String) {
        self.text = text
        lowercased = text.lowercased()
        words = Set(lowercased.split { !$0.isLetter })
    }

    /// Whether it asks for fewer messages.
    var speaksOfRateLimit: Bool { Self.rateLimits.contains(where: lowercased.contains) }

    /// Whether it refuses one more subscription. strfry says so instead of CLOSED: "too many concurrent REQs".
    var speaksOfTooManySubscriptions: Bool { lowercased.contains("too many concurrent") }

    /// Either of these: silence after it says nothing but that.
    var speaksOfLimit: Bool { speaksOfRateLimit || speaksOfTooManySubscriptions }

    /// Whether it says that the relay does not know this kind of message, or does not do it. What names another kind
    /// is about that one.
    func refuses(_ request: Request) -> Bool {
        if speaksOfLimit { return false }
        if names(request) { return true }
        let isAboutAnother = Request.allCases.contains { $0 != request && names($0) }
        return !isAboutAnother && Self.refusals.contains(where: lowercased.contains)
    }

    private func names(_ request: Request) -> Bool {
        switch request {
        case .reconciliation: words.contains("negentropy") || words.contains("neg")
        case .count: words.contains("count")
        }
    }

    private static let rateLimits = [
        "rate-limit", "rate limit", "ratelimit", "slow down", "too many requests", "too fast",
    ]

    /// Seen from strfry, nostr-rs-relay, nostream, khatru and their relatives.
    private static let refusals = [
        "unknown", "unrecogni", "bad msg", "bad message", "unsupported", "not supported", "invalid message",
        "invalid command", "unexpected message", "could not parse", "failed to parse", "unhandled", "not implemented",
    ]
}
