/// What the events of the factory say.
extension EventFactory {
    private mutating func hex() -> String {
        var text = ""
        for _ in 0..<4 {
            let word = String(random.next(), radix: 16)
            text += String(repeating: "0", count: 16 - word.count) + word
        }
        return text
    }

    private mutating func pick(_ choices: [String]) -> String {
        choices[Int.random(in: choices.indices, using: &random)]
    }

    mutating func prose(_ bytes: ClosedRange<Int>) -> String {
        let length = Int.random(in: bytes, using: &random)
        var text = ""
        while text.utf8.count < length { text += pick(Self.words) + pick(Self.gaps) }
        return text
    }

    mutating func reaction() -> String { pick(["+", "+", "-", "🤙", "❤️", "😂", ":soapbox:"]) }

    mutating func profile() -> String {
        let name = pick(["satoshi", "ночь", "日本語", "😀"])
        return #"{"name":"\#(name)","about":"I \"read\"\nand write","picture":"https://example.com/\#(hex()).png"}"#
    }

    mutating func quoted() -> String {
        let inner = sign(kind: 1, tags: [], content: prose(20...480))
        return inner.text
    }

    mutating func threadTags() -> [[String]] {
        guard Bool.random(using: &random) else { return [["t", pick(Self.words)]] }
        return [["e", hex(), "wss://relay.example.com", "root"], ["e", hex(), "", "reply"], ["p", hex()]]
    }

    mutating func reactionTags() -> [[String]] { [["e", hex()], ["p", hex()], ["k", "1"]] }

    mutating func zapTags() -> [[String]] {
        let wish = [["p", hex()], ["amount", "21000"], ["relays", "wss://relay.example.com"]]
        let request = sign(kind: 9734, tags: wish, content: "⚡")
        let invoice = "lnbc210n1" + hex() + hex() + hex()
        return [["p", hex()], ["e", hex()], ["bolt11", invoice], ["description", request.text]]
    }

    mutating func relayTags() -> [[String]] {
        (0..<Int.random(in: 2...8, using: &random)).map {
            ["r", "wss://relay\($0).example.com/", pick(["read", "write"])]
        }
    }

    mutating func contactTags() -> [[String]] {
        (0..<Int.random(in: 100...500, using: &random)).map { _ in ["p", hex()] }
    }

    mutating func articleTags() -> [[String]] {
        let title = prose(10...60)
        return [["d", "article-\(seed)-\(serial)"], ["title", title], ["published_at", "\(createdAt)"]]
    }

    private static let words = [
        "nostr", "relay", "archive", "zap", "gm", "bitcoin", "event", "note", "network", "the", "of", "and", "to", "in",
        "that",
        "😀", "🤙🏽", "👩‍👩‍👧", "ночь", "日本語", "漢字かな交じり文", "naïve", "\"quoted\"", "back\\slash", "#[0]",
        "https://example.com/a?b=c&d=%20",
        "nostr:npub1sn0wdenkukak0d9dfczzeacvhkrgz92ak56egt7vdgzn8pv2wfqqhrjdv9", "\u{2028}", "{\"not\":\"json\"}",
    ]
    private static let gaps = [" ", " ", " ", " ", " ", ", ", ". ", "\n", "\n\n", "\t", "\r\n"]
}
