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

    /// True when the text begins with U+FEFF, which RFC 8259 section 8.1 forbids to send.
    var hasByteOrderMark: Bool { bytes.count > 2 && bytes[0] == 0xEF && bytes[1] == 0xBB && bytes[2] == 0xBF }

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

    /// Takes a string with its quotes. Most strings are plain, so that case is inlined where it is called.
    @inline(__always) mutating func string() throws(JSONFault) -> JSONText {
        try expect(UInt8(ascii: "\""))
        let start = position
        let end = endOfPlainText(from: start)
        position = end
        guard end < bytes.count, bytes[end] == UInt8(ascii: "\"") else { return try escapedString(from: start) }
        position = end + 1
        return JSONText(range: start..<end, marks: [])
    }

    /// Takes the rest of a string that is not plain ASCII; the position is behind its plain beginning.
    @inline(never) private mutating func escapedString(from start: Int) throws(JSONFault) -> JSONText {
        var marks: JSONText.Marks = []
        while true {
            let byte = current
            if byte == UInt8(ascii: "\"") {
                position += 1
                return JSONText(range: start..<(position - 1), marks: marks)
            }
            if byte == UInt8(ascii: "\\") {
                try escape(&marks)
            } else if byte >= 0x80 {
                try multibyte()
            } else {
                throw position < bytes.count ? .controlByte : .syntax
            }
            position = endOfPlainText(from: position)
        }
    }

    /// Where the next quote, backslash, control byte or byte above 0x7F stands, or the end.
    @inline(__always) private func endOfPlainText(from start: Int) -> Int {
        let raw = UnsafeRawBufferPointer(bytes)
        let ones: UInt64 = 0x0101_0101_0101_0101
        let lastWord = raw.count - 8
        var index = start
        while index <= lastWord {
            let word = UInt64(littleEndian: raw.loadUnaligned(fromByteOffset: index, as: UInt64.self))
            let quote = word ^ (ones &* 0x22)
            let backslash = word ^ (ones &* 0x5C)
            // Subtracting borrows into bit 7 of the first byte that matches. Bytes behind it may be wrong, it is not:
            // bytes above 0x7F, the only others that set bit 7, count as found by themselves.
            let found = (quote &- ones) | (backslash &- ones) | (word &- ones &* 0x20) | word
            let special = found & (ones &* 0x80)
            if special != 0 { return index + (special.trailingZeroBitCount >> 3) }
            index += 8
        }
        while index < raw.count, Self.isPlain(raw[index]) { index += 1 }
        return index
    }

    private static func isPlain(_ byte: UInt8) -> Bool {
        byte >= 0x20 && byte < 0x80 && byte != UInt8(ascii: "\"") && byte != UInt8(ascii: "\\")
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
        var index = position
        while index < bytes.count, bytes[index] >= 0x80 {
            let size = Self.sizeOfCharacter(bytes, at: index)
            guard size > 0 else { throw .badUTF8 }
            index += size
        }
        position = index
    }

    /// How many bytes the character beyond ASCII takes that begins at a place; 0 when it is not UTF-8.
    @inline(__always)
    private static func sizeOfCharacter(_ bytes: UnsafeBufferPointer<UInt8>, at index: Int) -> Int {
        let lead = bytes[index]
        let left = bytes.count - index
        if lead < 0xE0 { return lead >= 0xC2 && left > 1 && isTail(bytes[index + 1]) ? 2 : 0 }
        if lead < 0xF0 {
            guard left > 2, isTail(bytes[index + 1]), isTail(bytes[index + 2]) else { return 0 }
            if lead == 0xE0, bytes[index + 1] < 0xA0 { return 0 }
            if lead == 0xED, bytes[index + 1] > 0x9F { return 0 }
            return 3
        }
        guard lead < 0xF5, left > 3, isTail(bytes[index + 1]), isTail(bytes[index + 2]), isTail(bytes[index + 3])
        else { return 0 }
        if lead == 0xF0, bytes[index + 1] < 0x90 { return 0 }
        if lead == 0xF4, bytes[index + 1] > 0x8F { return 0 }
        return 4
    }

    @inline(__always) private static func isTail(_ byte: UInt8) -> Bool { byte & 0xC0 == 0x80 }
}
