/// A spelling of a relay URL cut into its parts, each still as it was written (RFC 3986 section 3).
struct RelayURLParts {
    let isSecure: Bool
    let host: [UInt8]
    /// As written; nil when there is none.
    let port: Int?
    /// Empty, or from the first slash on.
    let path: ArraySlice<UInt8>
    /// Behind the question mark.
    let query: ArraySlice<UInt8>
    let marks: RelayURL.Marks

    var defaultPort: Int { isSecure ? 443 : 80 }

    init(_ raw: String) throws(RelayURLError) {
        guard raw.utf8.count <= RelayURL.maxBytes else { throw .tooLong }
        let text = Self.trimmed(Array(raw.utf8))
        guard !text.isEmpty else { throw .empty }
        try Self.checkCharacters(text)
        var rest: ArraySlice<UInt8>
        (isSecure, rest) = try Self.scheme(text)
        guard !Self.holdsRelayURL(rest) else { throw .nestedURL }
        var marks: RelayURL.Marks = []
        if let hash = rest.firstIndex(of: UInt8(ascii: "#")) {
            marks.insert(.fragment)
            rest = rest[..<hash]
        }
        let authorityEnd = rest.firstIndex { $0 == UInt8(ascii: "/") || $0 == UInt8(ascii: "?") } ?? rest.endIndex
        var authority = rest[..<authorityEnd]
        if let at = authority.lastIndex(of: UInt8(ascii: "@")) {
            marks.insert(.credentials)
            authority = authority[(at + 1)...]
        }
        (host, port) = try Self.hostAndPort(authority)
        let tail = rest[authorityEnd...]
        let mark = tail.firstIndex(of: UInt8(ascii: "?")) ?? tail.endIndex
        path = tail[..<mark]
        query = tail[mark...].dropFirst()
        self.marks = marks
    }

    private static func trimmed(_ text: [UInt8]) -> [UInt8] {
        let isBlank = { (byte: UInt8) in byte == 0x20 || (0x09...0x0D).contains(byte) }
        return Array(text.drop(while: isBlank).reversed().drop(while: isBlank).reversed())
    }

    /// Refuses what makes two different texts look alike, and ASCII that RFC 3986 allows nowhere.
    private static func checkCharacters(_ text: [UInt8]) throws(RelayURLError) {
        for scalar in String(decoding: text, as: UTF8.self).unicodeScalars {
            if scalar.isASCII {
                let isForbidden =
                    scalar.value <= 0x20 || scalar.value == 0x7F || "\"<>\\^`{|}".unicodeScalars.contains(scalar)
                if isForbidden { throw .forbiddenCharacter }
                continue
            }
            switch scalar.properties.generalCategory {
            case .control, .format, .lineSeparator, .paragraphSeparator, .spaceSeparator, .privateUse, .unassigned,
                .surrogate:
                throw .forbiddenCharacter
            default: continue
            }
        }
    }

    private static func scheme(_ text: [UInt8]) throws(RelayURLError) -> (isSecure: Bool, rest: ArraySlice<UInt8>) {
        guard let colon = text.firstIndex(of: UInt8(ascii: ":")), text[colon...].starts(with: "://".utf8)
        else { throw .badScheme }
        switch String(decoding: text[..<colon], as: UTF8.self).lowercased() {
        case "wss": return (true, text[(colon + 3)...])
        case "ws": return (false, text[(colon + 3)...])
        default: throw .badScheme
        }
    }

    /// True when another relay URL begins somewhere inside: `ws://`, `wss://` or `wss:/`, in any case. A look around
    /// each colon, because searching for sequences cost more than the rest of a URL's parse together.
    static func holdsRelayURL(_ rest: some Collection<UInt8>) -> Bool {
        let lower = rest.map { (0x41...0x5A).contains($0) ? $0 | 0x20 : $0 }
        for (index, byte) in lower.enumerated() where byte == UInt8(ascii: ":") {
            let slashes = lower[(index + 1)...].prefix(2).prefix { $0 == UInt8(ascii: "/") }.count
            let scheme = lower[..<index].suffix(3)
            if slashes == 2, scheme.suffix(2).elementsEqual("ws".utf8) { return true }
            if slashes > 0, scheme.elementsEqual("wss".utf8) { return true }
        }
        return false
    }

    private static func hostAndPort(
        _ authority: ArraySlice<UInt8>
    ) throws(RelayURLError) -> (host: [UInt8], port: Int?) {
        var host = authority
        var port: ArraySlice<UInt8> = []
        if authority.first == UInt8(ascii: "["), !authority.contains(UInt8(ascii: "]")) { throw .badIPv6 }
        let bracket = authority.lastIndex(of: UInt8(ascii: "]")) ?? authority.startIndex
        if let colon = authority[bracket...].firstIndex(of: UInt8(ascii: ":")) {
            host = authority[..<colon]
            port = authority[(colon + 1)...]
        }
        guard !host.isEmpty else { throw .missingHost }
        guard !port.isEmpty else { return (Array(host), nil) }
        guard port.allSatisfy({ (0x30...0x39).contains($0) }), let number = Int(String(decoding: port, as: UTF8.self)),
            (1...65535).contains(number)
        else { throw .badPort }
        return (Array(host), number)
    }
}
