internal import Glibc

/// The characters that a JSON string stands for.
enum JSONString {
    /// One element of a string: a run of bytes that stand for themselves, or one decoded escape.
    enum Piece {
        case plain(Range<Int>)
        case scalar(UInt32)
    }

    /// Takes the next piece of a string that the scanner has accepted; nil at its end.
    static func next(_ bytes: UnsafeBufferPointer<UInt8>, _ rest: inout Range<Int>) -> Piece? {
        guard let first = rest.first else { return nil }
        if bytes[first] != UInt8(ascii: "\\") {
            let end = firstBackslash(bytes, rest)
            defer { rest = end..<rest.upperBound }
            return .plain(first..<end)
        }
        let (scalar, size) = decodeEscape(bytes, at: first, end: rest.upperBound)
        rest = min(first + size, rest.upperBound)..<rest.upperBound
        return .scalar(scalar)
    }

    /// Appends the UTF-8 form of a string that the scanner has accepted. NUL becomes U+FFFD when asked for.
    static func appendDecoded(
        _ bytes: UnsafeBufferPointer<UInt8>, _ text: Range<Int>, replacingNUL: Bool = false, to output: inout [UInt8]
    ) {
        var rest = text
        while let piece = next(bytes, &rest) {
            switch piece {
            case .plain(let run): output.append(contentsOf: bytes[run])
            case .scalar(0) where replacingNUL: appendUTF8(0xFFFD, to: &output)
            case .scalar(let scalar): appendUTF8(scalar, to: &output)
            }
        }
    }

    /// The UTF-8 form of a string that the scanner has accepted.
    static func decoded(_ bytes: UnsafeBufferPointer<UInt8>, _ text: JSONText) -> [UInt8] {
        guard text.marks.contains(.escaped) else { return [UInt8](bytes[text.range]) }
        var output: [UInt8] = []
        output.reserveCapacity(text.range.count)
        appendDecoded(bytes, text.range, to: &output)
        return output
    }

    /// Four hex digits of either case at a place; nil when they are not there.
    static func codeUnit(_ bytes: UnsafeBufferPointer<UInt8>, at place: Int) -> UInt32? {
        guard place <= bytes.count - 4 else { return nil }
        var unit: UInt32 = 0
        for byte in bytes[place..<(place + 4)] {
            switch byte {
            case 0x30...0x39: unit = unit << 4 | UInt32(byte - 0x30)
            case 0x41...0x46: unit = unit << 4 | UInt32(byte - 0x37)
            case 0x61...0x66: unit = unit << 4 | UInt32(byte - 0x57)
            default: return nil
            }
        }
        return unit
    }

    /// `\u` and four hex digits at a place; nil when they are not there.
    static func escapedCodeUnit(_ bytes: UnsafeBufferPointer<UInt8>, at place: Int) -> UInt32? {
        guard place <= bytes.count - 6, bytes[place] == UInt8(ascii: "\\"), bytes[place + 1] == UInt8(ascii: "u")
        else { return nil }
        return codeUnit(bytes, at: place + 2)
    }

    /// Appends a scalar in UTF-8. A surrogate becomes U+FFFD; the parser has refused those before.
    static func appendUTF8(_ scalar: UInt32, to output: inout [UInt8]) {
        guard let scalar = Unicode.Scalar(scalar) else { return output.append(contentsOf: [0xEF, 0xBF, 0xBD]) }
        output.append(contentsOf: UTF8.encode(scalar) ?? UTF8.encodedReplacementCharacter)
    }

    /// Where the first backslash stands, or the end.
    private static func firstBackslash(_ bytes: UnsafeBufferPointer<UInt8>, _ range: Range<Int>) -> Int {
        guard let start = bytes.baseAddress, let found = memchr(start + range.lowerBound, 0x5C, range.count)
        else { return range.upperBound }
        return UnsafeRawPointer(found) - UnsafeRawPointer(start)
    }

    /// The scalar of an escape and how many bytes it took.
    private static func decodeEscape(
        _ bytes: UnsafeBufferPointer<UInt8>, at place: Int, end: Int
    ) -> (scalar: UInt32, size: Int) {
        guard place + 1 < end else { return (0xFFFD, 1) }
        switch bytes[place + 1] {
        case UInt8(ascii: "n"): return (0x0A, 2)
        case UInt8(ascii: "r"): return (0x0D, 2)
        case UInt8(ascii: "t"): return (0x09, 2)
        case UInt8(ascii: "b"): return (0x08, 2)
        case UInt8(ascii: "f"): return (0x0C, 2)
        case UInt8(ascii: "u"): return decodeUnicode(bytes, at: place)
        case let itself: return (UInt32(itself), 2)
        }
    }

    private static func decodeUnicode(
        _ bytes: UnsafeBufferPointer<UInt8>, at place: Int
    ) -> (scalar: UInt32, size: Int) {
        guard let unit = escapedCodeUnit(bytes, at: place) else { return (0xFFFD, 2) }
        guard unit & 0xFC00 == 0xD800, let low = escapedCodeUnit(bytes, at: place + 6), low & 0xFC00 == 0xDC00
        else { return (unit, 6) }
        return (0x10000 + (unit - 0xD800) << 10 + (low - 0xDC00), 12)
    }
}
