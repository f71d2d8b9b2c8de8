/// Contents that people wrote: URLs in a text, and `nostr:` URIs (NIP-21).
extension RelayMentionReader {
    /// Takes the relays of a text. Everything of interest has a colon, so that one search finds it all.
    mutating func readText(_ bytes: UnsafeBufferPointer<UInt8>) {
        var place = 0
        while let colon = ByteSearch.colon(bytes, from: place) {
            if ByteSearch.slashesFollow(bytes, colon) {
                place = readURL(bytes, colon)
            } else {
                place = readEntity(bytes, colon)
            }
        }
    }

    /// Takes the URL around `://`, if it is a relay's.
    /// - Returns: where to go on.
    private mutating func readURL(_ bytes: UnsafeBufferPointer<UInt8>, _ colon: Int) -> Int {
        let host = colon + 3
        guard let start = ByteSearch.relayScheme(bytes, before: colon) else { return host }
        guard start == 0 || !ByteSearch.isAlphanumeric(bytes[start - 1]) else {
            mentions.reject(RelayURLError.badScheme.kind)
            return host
        }
        let end = TextURL.end(bytes, host: host)
        guard let last = TextURL.lastOfURL(bytes, host: host, end: end) else {
            mentions.reject("shortened")
            return end
        }
        let url = UnsafeBufferPointer(rebasing: bytes[start..<last])
        // In a text a word without a dot is a slip or a piece of something else.
        let isHost =
            url.contains { $0 == UInt8(ascii: ".") || $0 == UInt8(ascii: "[") || $0 >= 0x80 }
            || bytes[host..<last].starts(with: "localhost".utf8)
        guard isHost else {
            mentions.reject(host == last ? RelayURLError.missingHost.kind : RelayURLError.badHost.kind)
            return end
        }
        take(url, .text)
        return end
    }

    /// Takes the relays of the entity behind `nostr:`.
    /// - Returns: where to go on.
    private mutating func readEntity(_ bytes: UnsafeBufferPointer<UInt8>, _ colon: Int) -> Int {
        let start = colon + 1
        guard colon >= 5, bytes[(colon - 5)..<colon].elementsEqual("nostr".utf8), start + 1 < bytes.count,
            bytes[start] == UInt8(ascii: "n"), Self.entities.contains(where: { bytes[start...].starts(with: $0.utf8) })
        else { return start }
        let end = bytes[start...].firstIndex { !ByteSearch.isAlphanumeric($0) } ?? bytes.count
        guard end - start <= Bech32.maxCharacters,
            let relays = try? NIP19Relays.read(String(decoding: bytes[start..<end], as: UTF8.self))
        else {
            mentions.reject("bad_bech32")
            return end
        }
        if !relays.isWhole { mentions.reject("bad_tlv") }
        for relay in relays.texts { relay.withUnsafeBufferPointer { take($0, .nostrURI) } }
        return end
    }

    private static let entities = ["nevent1", "nprofile1", "naddr1", "nrelay1"]
}

/// Where a URL ends that stands in a text.
enum TextURL {
    /// Where the run of characters ends that the URL may be made of.
    /// - Parameter host: behind `://`.
    static func end(_ bytes: UnsafeBufferPointer<UInt8>, host: Int) -> Int {
        var place = host
        var hasDot = false
        while place < bytes.count {
            let byte = bytes[place]
            if byte < 0x80 {
                if byte == UInt8(ascii: ".") { hasDot = true }
                if ends.contains(byte) { return place }
                if byte == UInt8(ascii: "["), place != host { return place }
                if byte == UInt8(ascii: "]"), bytes[host] != UInt8(ascii: "[") { return place }
                place += 1
            } else {
                let (scalar, size) = scalar(bytes, place)
                let next = place + size < bytes.count ? bytes[place + size] : 0
                if ends(scalar, next, hasDot: hasDot) { return place }
                place += size
            }
        }
        return place
    }

    /// Where the URL ends once the punctuation of the sentence is off; nil when it was cut short for display.
    ///
    /// Letters beyond ASCII belong to the text where they are in the path, and where they follow the ASCII of a top
    /// label or of a port: top labels are of one script.
    static func lastOfURL(_ bytes: UnsafeBufferPointer<UInt8>, host: Int, end: Int) -> Int? {
        if end + 2 < bytes.count, bytes[end] == 0xE2, bytes[end + 1] == 0x80, bytes[end + 2] == 0xA6 { return nil }
        var last = end
        let path = bytes[host..<end].firstIndex { $0 == UInt8(ascii: "/") || $0 == UInt8(ascii: "?") } ?? end
        let top = topLabel(bytes, host: host, path: path)
        let isASCII = top < path && bytes[top] < 0x80
        if let foreign = bytes[path..<end].firstIndex(where: { $0 >= 0x80 }) { last = foreign }
        // What nobody sees is no word of the text: it stays, to be judged.
        if isASCII, let foreign = bytes[top..<path].firstIndex(where: { $0 >= 0x80 }),
            scalar(bytes, foreign).scalar.properties.isAlphabetic
        {
            last = foreign
        }
        var dots = 0
        while last > host, marks.contains(bytes[last - 1]) {
            last -= 1
            dots += bytes[last] == UInt8(ascii: ".") ? 1 : 0
        }
        return dots > 1 ? nil : last
    }

    /// Where the last label of the host begins, a port included.
    private static func topLabel(_ bytes: UnsafeBufferPointer<UInt8>, host: Int, path: Int) -> Int {
        var place = host
        var top = host
        while place < path {
            let (scalar, size) = scalar(bytes, place)
            place += size
            if scalar == "." || wideDots.contains(scalar) { top = place }
        }
        return top
    }

    /// Full stops of East Asia, which host names may be written with (UTS #46).
    private static let wideDots: Set<Unicode.Scalar> = ["\u{3002}", "\u{FF0E}", "\u{FF61}"]

    /// Blanks, and what no URL holds or what lists and sentences put around one.
    private static let ends = Set(" \t\n\r\u{B}\u{C}\"<>\\^`{|}(),;'".utf8)
    /// What may stand in a URL and is the sentence's when it stands last.
    private static let marks = Set(".:!?*_~".utf8)

    private static func ends(_ scalar: Unicode.Scalar, _ next: UInt8, hasDot: Bool) -> Bool {
        let isInside = ByteSearch.isAlphanumeric(next)
        switch scalar.properties.generalCategory {
        case .openPunctuation, .closePunctuation, .initialPunctuation, .finalPunctuation, .otherPunctuation,
            .dashPunctuation:
            // Behind a host that has dots a wide one ends the sentence.
            return hasDot || !wideDots.contains(scalar) || !isInside
        case .otherSymbol, .mathSymbol, .currencySymbol, .modifierSymbol:
            // Host names may hold symbols; behind a URL stand more of them.
            return !isInside && next != UInt8(ascii: ".") && next != UInt8(ascii: "-")
        default: return scalar.properties.isWhitespace
        }
    }

    /// The character at a place, and its bytes. Broken bytes are U+FFFD, one each.
    private static func scalar(
        _ bytes: UnsafeBufferPointer<UInt8>, _ place: Int
    ) -> (scalar: Unicode.Scalar, size: Int) {
        let lead = bytes[place]
        if lead < 0x80 { return (Unicode.Scalar(lead), 1) }
        let size = lead >= 0xF0 ? 4 : lead >= 0xE0 ? 3 : 2
        guard lead >= 0xC2, lead < 0xF5, place + size <= bytes.count else { return ("\u{FFFD}", 1) }
        var value = UInt32(lead) & (0x7F >> UInt32(size))
        for byte in bytes[(place + 1)..<(place + size)] {
            guard byte & 0xC0 == 0x80 else { return ("\u{FFFD}", 1) }
            value = value << 6 | UInt32(byte & 0x3F)
        }
        return Unicode.Scalar(value).map { ($0, size) } ?? ("\u{FFFD}", 1)
    }
}
