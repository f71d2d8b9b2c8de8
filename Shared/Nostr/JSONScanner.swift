/// Why a text is not JSON; each boundary turns this into its own error.
enum JSONFault: Error {
    case syntax
    case controlByte
    case badUTF8
    case tooDeep
}

/// The inside of a JSON string, still as it was written.
struct JSONText {
    /// What the writer used in the string.
    struct Marks: OptionSet, Sendable {
        let rawValue: UInt8
        /// At least one escape of any kind.
        static let escaped = Marks(rawValue: 1)
        /// An escape besides the seven of NIP-01: these bytes are not the canonical ones.
        static let rewritten = Marks(rawValue: 2)
        /// `\u0000`, which PostgreSQL's text and jsonb cannot hold.
        static let nul = Marks(rawValue: 4)
        /// Half of a surrogate pair.
        static let loneSurrogate = Marks(rawValue: 8)
    }

    /// Where the text stands, without its quotes.
    var range: Range<Int>
    var marks: Marks
}

/// Walks over JSON text (RFC 8259) in place: checks its shape and its UTF-8 and copies nothing.
///
/// Strings are scanned eight bytes at a time in a plain 64-bit word; vector types were 64 times slower.
struct JSONScanner {
    let bytes: UnsafeBufferPointer<UInt8>
    var position = 0

    init(_ bytes: UnsafeBufferPointer<UInt8>) { self.bytes = bytes }

    /// The byte at the position, or 0 at the end: 0 is no part of JSON outside strings.
    @inline(__always) var current: UInt8 { position < bytes.count ? bytes[position] : 0 }

    /// Moves past blanks; true when there were any.
    @inline(__always) @discardableResult mutating func skipBlanks() -> Bool {
        if current > 0x20 { return false }
        let start = position
        while current == 0x20 || current == 0x0A || current == 0x0D || current == 0x09 { position += 1 }
        return position > start
    }

    /// Takes one byte if it is the given one.
    @inline(__always) mutating func take(_ byte: UInt8) -> Bool {
        guard current == byte else { return false }
        position += 1
        return true
    }

    /// Takes one byte that must be the given one.
    @inline(__always) mutating func expect(_ byte: UInt8) throws(JSONFault) {
        guard take(byte) else { throw .syntax }
    }

    /// Takes a string with its quotes.
    mutating func string() throws(JSONFault) -> JSONText {
        try expect(UInt8(ascii: "\""))
        let start = position
        var marks: JSONText.Marks = []
        while true {
            skipPlainWords()
            let byte = current
            switch byte {
            case UInt8(ascii: "\""):
                position += 1
                return JSONText(range: start..<(position - 1), marks: marks)
            case UInt8(ascii: "\\"):
                try escape(&marks)
            case 0x80...:
                try multibyte()
            case 0x20...:
                position += 1
            default:
                throw position < bytes.count ? .controlByte : .syntax
            }
        }
    }

    /// Moves over whole words without a quote, a backslash, a control byte or a byte above 0x7F, then to the first one.
    @inline(__always) private mutating func skipPlainWords() {
        let raw = UnsafeRawBufferPointer(bytes)
        let ones: UInt64 = 0x0101_0101_0101_0101
        while position <= bytes.count - 8 {
            let word = UInt64(littleEndian: raw.loadUnaligned(fromByteOffset: position, as: UInt64.self))
            let quote = word ^ (ones &* 0x22)
            let backslash = word ^ (ones &* 0x5C)
            // Subtracting borrows into bit 7 of the first byte that matches; later bytes may be wrong, the first is not.
            let found = (quote &- ones) | (backslash &- ones) | (word &- ones &* 0x20) | word
            let special = found & (ones &* 0x80)
            if special == 0 {
                position += 8
                continue
            }
            // A byte above 0xA0 also sets bit 7 in the difference; it is special by itself, so that does no harm.
            position += special.trailingZeroBitCount >> 3
            return
        }
    }
}

extension JSONScanner {
    /// Takes one escape; a surrogate pair is one.
    private mutating func escape(_ marks: inout JSONText.Marks) throws(JSONFault) {
        position += 1
        marks.insert(.escaped)
        switch current {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "n"), UInt8(ascii: "r"), UInt8(ascii: "t"),
            UInt8(ascii: "b"), UInt8(ascii: "f"):
            position += 1
        case UInt8(ascii: "/"):
            marks.insert(.rewritten)
            position += 1
        case UInt8(ascii: "u"):
            marks.insert(.rewritten)
            position += 1
            try unicodeEscape(&marks)
        default:
            throw .syntax
        }
    }

    private mutating func unicodeEscape(_ marks: inout JSONText.Marks) throws(JSONFault) {
        guard let unit = JSONString.codeUnit(bytes, at: position) else { throw .syntax }
        position += 4
        if unit == 0 { marks.insert(.nul) }
        guard unit & 0xF800 == 0xD800 else { return }
        guard unit & 0xFC00 == 0xD800, let low = JSONString.escapedCodeUnit(bytes, at: position),
            low & 0xFC00 == 0xDC00
        else {
            marks.insert(.loneSurrogate)
            return
        }
        position += 6
    }

    /// Takes a run of bytes above 0x7F, checking them by RFC 3629: shortest forms, no surrogates, up to U+10FFFF.
    private mutating func multibyte() throws(JSONFault) {
        while current >= 0x80 {
            let lead = current
            switch lead {
            case 0xC2...0xDF: try continuation(0x80...0xBF, then: 0)
            case 0xE0: try continuation(0xA0...0xBF, then: 1)
            case 0xED: try continuation(0x80...0x9F, then: 1)
            case 0xE1...0xEF: try continuation(0x80...0xBF, then: 1)
            case 0xF0: try continuation(0x90...0xBF, then: 2)
            case 0xF1...0xF3: try continuation(0x80...0xBF, then: 2)
            case 0xF4: try continuation(0x80...0x8F, then: 2)
            default: throw .badUTF8
            }
        }
    }

    /// Takes a lead byte, a second byte in the range and as many plain continuation bytes.
    @inline(__always)
    private mutating func continuation(_ second: ClosedRange<UInt8>, then more: Int) throws(JSONFault) {
        guard position < bytes.count - 1 - more, second.contains(bytes[position + 1]) else { throw .badUTF8 }
        for offset in 0..<more {
            guard bytes[position + 2 + offset] & 0xC0 == 0x80 else { throw .badUTF8 }
        }
        position += 2 + more
    }
}
