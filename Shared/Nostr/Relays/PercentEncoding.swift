/// Path and query of a URL in normal form: RFC 3986 sections 2.1 and 6.2.2.
enum PercentEncoding {
    /// The path with dot segments resolved; empty, or beginning with a slash. Doubled slashes stay.
    static func normalizedPath(_ path: ArraySlice<UInt8>) throws(RelayURLError) -> String {
        let bytes = try normalized(path)
        return String(decoding: withoutDotSegments(bytes), as: UTF8.self)
    }

    /// The query with its question mark, without members that look like credentials; empty when nothing is left.
    static func normalizedQuery(
        _ query: ArraySlice<UInt8>
    ) throws(RelayURLError) -> (text: String, hadSecrets: Bool) {
        let bytes = try normalized(query)
        let members = bytes.split(separator: UInt8(ascii: "&"), omittingEmptySubsequences: false)
        let kept = members.filter { !isSecret($0) }
        let text = Array(kept.joined(separator: [UInt8(ascii: "&")]))
        return (text.isEmpty ? "" : "?" + String(decoding: text, as: UTF8.self), kept.count < members.count)
    }

    /// Capital hex digits, no encoding of unreserved characters, bytes beyond ASCII encoded.
    static func normalized(_ text: ArraySlice<UInt8>) throws(RelayURLError) -> [UInt8] {
        var output: [UInt8] = []
        var index = text.startIndex
        while index < text.endIndex {
            var byte = text[index]
            index += 1
            if byte < 0x80, byte != UInt8(ascii: "%") {
                // Brackets belong to IPv6 hosts only.
                if byte == UInt8(ascii: "[") || byte == UInt8(ascii: "]") { throw .forbiddenCharacter }
                output.append(byte)
                continue
            }
            if byte < 0x80 {
                let digits = String(decoding: text[index...].prefix(2), as: UTF8.self)
                guard digits.utf8.count == 2, digits.allSatisfy(\.isHexDigit), let value = UInt8(digits, radix: 16)
                else { throw .badPercentEncoding }
                byte = value
                index += 2
                if isUnreserved(byte) {
                    output.append(byte)
                    continue
                }
            }
            let hex = String(byte, radix: 16, uppercase: true)
            output.append(contentsOf: (hex.utf8.count == 1 ? "%0" : "%").utf8)
            output.append(contentsOf: hex.utf8)
        }
        return output
    }

    private static func isUnreserved(_ byte: UInt8) -> Bool {
        switch byte {
        case 0x30...0x39, 0x41...0x5A, 0x61...0x7A: true
        case UInt8(ascii: "-"), UInt8(ascii: "."), UInt8(ascii: "_"), UInt8(ascii: "~"): true
        default: false
        }
    }

    /// RFC 3986 section 5.2.4, for a path that is empty or begins with a slash.
    private static func withoutDotSegments(_ path: [UInt8]) -> [UInt8] {
        guard !path.isEmpty else { return [] }
        let dot = [UInt8(ascii: ".")]
        var kept: [ArraySlice<UInt8>] = []
        let segments = path.dropFirst().split(separator: UInt8(ascii: "/"), omittingEmptySubsequences: false)
        for (index, segment) in segments.enumerated() {
            let isParent = segment.elementsEqual(dot + dot)
            if isParent { _ = kept.popLast() }
            guard isParent || segment.elementsEqual(dot) else {
                kept.append(segment)
                continue
            }
            // A dot at the end names the folder itself: its slash stays.
            if index == segments.count - 1 { kept.append([]) }
        }
        return [UInt8(ascii: "/")] + kept.joined(separator: [UInt8(ascii: "/")])
    }

    /// Names of query members that carry secrets; their values must never be stored or shown.
    private static let secretNames: Set<String> = [
        "token", "key", "apikey", "api_key", "api-key", "password", "passwd", "pass", "pwd", "secret", "auth",
        "access_token", "authorization", "session", "sessionid", "sid", "sig", "signature", "jwt", "nsec", "credential",
        "credentials",
    ]

    private static func isSecret(_ member: ArraySlice<UInt8>) -> Bool {
        let name = member.prefix { $0 != UInt8(ascii: "=") }
        let text = String(decoding: member, as: UTF8.self).lowercased()
        return secretNames.contains(String(decoding: name, as: UTF8.self).lowercased()) || text.utf8.contains(nsec)
    }

    private static let nsec = Array("nsec1".utf8)
}
