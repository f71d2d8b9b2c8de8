internal import Crypto

// NIP-01, "Events and signatures": the text that an event id is the hash of.
// https://github.com/nostr-protocol/nips/blob/master/01.md

/// Writes strings and tags in the canonical form of NIP-01: no blanks, seven short escapes, the rest by dialect.
enum CanonicalJSON {
    /// Begins the canonical form: `[0,"pubkey",created_at,kind,`.
    static func head(pubkey: PublicKey, createdAt: UnixTime, kind: UInt16) -> [UInt8] {
        var text: [UInt8] = []
        appendHead(pubkey: pubkey, createdAt: createdAt, kind: kind, to: &text)
        return text
    }

    /// Appends `[0,"pubkey",created_at,kind,`.
    static func appendHead(pubkey: PublicKey, createdAt: UnixTime, kind: UInt16, to text: inout [UInt8]) {
        text.append(contentsOf: "[0,\"".utf8)
        pubkey.withUnsafeBytes { Hex.append($0, to: &text) }
        text.append(contentsOf: "\",".utf8)
        Decimal.append(createdAt.seconds, to: &text)
        text.append(UInt8(ascii: ","))
        Decimal.append(Int64(kind), to: &text)
        text.append(UInt8(ascii: ","))
    }

    /// Appends the inside of a string given as UTF-8.
    static func appendString(
        _ text: some Collection<UInt8>, dialect: IDDialect = .json, to output: inout [UInt8]
    ) {
        for byte in text { appendByte(byte, dialect, to: &output) }
    }

    /// Appends an array of strings given as UTF-8.
    static func appendArray(_ strings: [String], dialect: IDDialect = .json, to output: inout [UInt8]) {
        output.append(UInt8(ascii: "["))
        for (index, string) in strings.enumerated() {
            output.append(contentsOf: (index == 0 ? "\"" : ",\"").utf8)
            appendString(string.utf8, dialect: dialect, to: &output)
            output.append(UInt8(ascii: "\""))
        }
        output.append(UInt8(ascii: "]"))
    }

    /// Appends the inside of a string given as JSON that the scanner has accepted.
    static func appendString(
        _ bytes: UnsafeBufferPointer<UInt8>, _ text: Range<Int>, dialect: IDDialect, replacingNUL: Bool = false,
        to output: inout [UInt8]
    ) {
        var rest = text
        while let piece = JSONString.next(bytes, &rest) {
            switch piece {
            case .plain(let run) where dialect != .del: output.append(contentsOf: bytes[run])
            case .plain(let run): appendString(bytes[run], dialect: dialect, to: &output)
            case .scalar(0) where replacingNUL: JSONString.appendUTF8(0xFFFD, to: &output)
            case .scalar(let scalar) where scalar < 0x80: appendByte(UInt8(scalar), dialect, to: &output)
            case .scalar(let scalar): JSONString.appendUTF8(scalar, to: &output)
            }
        }
    }

    /// Appends a tags array given as JSON that the parser has accepted.
    static func appendTags(
        _ bytes: UnsafeBufferPointer<UInt8>, _ tags: Range<Int>, dialect: IDDialect, replacingNUL: Bool = false,
        to output: inout [UInt8]
    ) {
        var scanner = JSONScanner(UnsafeBufferPointer(rebasing: bytes[tags]))
        while scanner.position < scanner.bytes.count {
            switch scanner.current {
            case UInt8(ascii: "\""):
                // Cannot fail on accepted text; stopping leaves a text that no id matches.
                guard let text = try? scanner.string() else { return }
                output.append(UInt8(ascii: "\""))
                appendString(
                    scanner.bytes, text.range, dialect: dialect, replacingNUL: replacingNUL, to: &output)
                output.append(UInt8(ascii: "\""))
            case let byte:
                // Between strings stand brackets, commas and blanks; blanks go.
                if byte > 0x20 { output.append(byte) }
                scanner.position += 1
            }
        }
    }

    private static func appendByte(_ byte: UInt8, _ dialect: IDDialect, to output: inout [UInt8]) {
        switch byte {
        case UInt8(ascii: "\""): output.append(contentsOf: #"\""#.utf8)
        case UInt8(ascii: "\\"): output.append(contentsOf: #"\\"#.utf8)
        case 0x08: output.append(contentsOf: #"\b"#.utf8)
        case 0x09: output.append(contentsOf: #"\t"#.utf8)
        case 0x0A: output.append(contentsOf: #"\n"#.utf8)
        case 0x0C: output.append(contentsOf: #"\f"#.utf8)
        case 0x0D: output.append(contentsOf: #"\r"#.utf8)
        case 0x7F where dialect == .del: output.append(contentsOf: #"\u007f"#.utf8)
        case ..<0x20 where dialect != .raw:
            output.append(contentsOf: #"\u00"#.utf8)
            output.append(byte < 0x10 ? UInt8(ascii: "0") : UInt8(ascii: "1"))
            let low = byte & 15
            output.append(low < 10 ? 48 + low : 87 + low)
        default: output.append(byte)
        }
    }
}
