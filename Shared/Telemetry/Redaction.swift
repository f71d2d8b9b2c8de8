/// Takes secrets out of texts that go to logs, whoever put them there.
public enum Redaction {
    /// What stands in the place of a secret.
    public static let dots = "••••••••"

    private static let passwordKeys = ["password=", "passwd=", "pwd=", "token=", "secret=", "api_key=", "access_key="]
    private static let privateKeyPrefixes = ["nsec1", "ncryptsec1"]

    /// The text without user names and passwords of URLs, values of password parameters, and private Nostr keys.
    /// Linear in the length of the text.
    public static func text(_ text: String) -> String {
        let bytes = Array(text.utf8)
        guard let first = nextSecret(bytes, from: 0) else { return text }
        var result: [UInt8] = []
        var secret: Range<Int>? = first
        var position = 0
        while let range = secret {
            result += bytes[position..<range.lowerBound]
            result += Array(dots.utf8)
            position = range.upperBound
            secret = nextSecret(bytes, from: position)
        }
        result += bytes[position...]
        return String(decoding: result, as: UTF8.self)
    }

    private static func nextSecret(_ bytes: [UInt8], from start: Int) -> Range<Int>? {
        var index = start
        while index < bytes.count {
            guard isFirstByte(bytes[index]) else {
                index += 1
                continue
            }
            if let range = userInfo(bytes, index) ?? parameter(bytes, index) ?? privateKey(bytes, index) {
                return range
            }
            index += 1
        }
        return nil
    }

    /// Whether a pattern can begin with this byte: few can, and log texts are read byte by byte.
    private static func isFirstByte(_ byte: UInt8) -> Bool {
        switch lowercased(byte) {
        case UInt8(ascii: ":"), UInt8(ascii: "p"), UInt8(ascii: "t"), UInt8(ascii: "s"), UInt8(ascii: "a"),
            UInt8(ascii: "n"):
            true
        default: false
        }
    }

    /// `://user:password@` with the at sign before the end of the host part.
    private static func userInfo(_ bytes: [UInt8], _ index: Int) -> Range<Int>? {
        guard starts(bytes, index, "://") else { return nil }
        let from = index + 3
        let end = bytes[from...].firstIndex { $0 <= 0x20 || $0 == UInt8(ascii: "/") || $0 == UInt8(ascii: "\"") }
        guard let at = bytes[from..<(end ?? bytes.count)].lastIndex(of: UInt8(ascii: "@")), at > from else {
            return nil
        }
        return alreadyHidden(bytes, from..<at) ? nil : from..<at
    }

    /// The value of `password=...` up to a separator; a quoted value up to its quote.
    private static func parameter(_ bytes: [UInt8], _ index: Int) -> Range<Int>? {
        guard let key = passwordKeys.first(where: { starts(bytes, index, $0) }) else { return nil }
        let from = index + key.utf8.count
        guard from < bytes.count else { return nil }
        let isQuoted = bytes[from] == UInt8(ascii: "'") || bytes[from] == UInt8(ascii: "\"")
        let end = bytes[(from + (isQuoted ? 1 : 0))...].firstIndex {
            isQuoted ? $0 == bytes[from] : $0 <= 0x20 || $0 == UInt8(ascii: "&") || $0 == UInt8(ascii: ";")
        }
        let range = from..<(end.map { isQuoted ? $0 + 1 : $0 } ?? bytes.count)
        return range.isEmpty || alreadyHidden(bytes, range) ? nil : range
    }

    private static func privateKey(_ bytes: [UInt8], _ index: Int) -> Range<Int>? {
        guard let prefix = privateKeyPrefixes.first(where: { starts(bytes, index, $0) }) else { return nil }
        let from = index + prefix.utf8.count
        let end = bytes[from...].firstIndex { !isAlphanumeric($0) } ?? bytes.count
        return end - from >= 20 ? from..<end : nil
    }

    private static func starts(_ bytes: [UInt8], _ index: Int, _ word: String) -> Bool {
        let word = word.utf8
        guard index + word.count <= bytes.count else { return false }
        var position = index
        for letter in word {
            guard lowercased(bytes[position]) == letter else { return false }
            position += 1
        }
        return true
    }

    private static func lowercased(_ byte: UInt8) -> UInt8 { (65...90).contains(byte) ? byte + 32 : byte }

    private static func isAlphanumeric(_ byte: UInt8) -> Bool {
        (48...57).contains(byte) || (97...122).contains(lowercased(byte))
    }

    private static func alreadyHidden(_ bytes: [UInt8], _ range: Range<Int>) -> Bool {
        bytes[range].elementsEqual(dots.utf8)
    }
}
