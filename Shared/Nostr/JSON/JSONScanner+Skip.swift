extension JSONScanner {
    /// Takes one value of any type. `depth` is how many levels may still open; one more throws `tooDeep`.
    ///
    /// Recursion is bounded by that depth, never by the text.
    mutating func skipValue(depth: Int) throws(JSONFault) {
        switch current {
        case UInt8(ascii: "\""): _ = try string()
        case UInt8(ascii: "{"): try skipObject(depth: depth)
        case UInt8(ascii: "["): try skipArray(depth: depth)
        case UInt8(ascii: "t"): try word("true")
        case UInt8(ascii: "f"): try word("false")
        case UInt8(ascii: "n"): try word("null")
        default: try skipNumber()
        }
    }

    private mutating func skipObject(depth: Int) throws(JSONFault) {
        guard depth > 0 else { throw .tooDeep }
        position += 1
        skipBlanks()
        if take(UInt8(ascii: "}")) { return }
        repeat {
            skipBlanks()
            _ = try string()
            skipBlanks()
            try expect(UInt8(ascii: ":"))
            skipBlanks()
            try skipValue(depth: depth - 1)
            skipBlanks()
        } while take(UInt8(ascii: ","))
        try expect(UInt8(ascii: "}"))
    }

    private mutating func skipArray(depth: Int) throws(JSONFault) {
        guard depth > 0 else { throw .tooDeep }
        position += 1
        skipBlanks()
        if take(UInt8(ascii: "]")) { return }
        repeat {
            skipBlanks()
            try skipValue(depth: depth - 1)
            skipBlanks()
        } while take(UInt8(ascii: ","))
        try expect(UInt8(ascii: "]"))
    }

    /// Takes one of the three literals.
    mutating func word(_ text: StaticString) throws(JSONFault) {
        let size = text.utf8CodeUnitCount
        guard bytes.count - position >= size else { throw .syntax }
        for offset in 0..<size where bytes[position + offset] != text.utf8Start[offset] { throw .syntax }
        position += size
    }

    private mutating func skipNumber() throws(JSONFault) {
        _ = take(UInt8(ascii: "-"))
        let leading = current
        let whole = skipDigits()
        guard whole > 0, whole == 1 || leading != UInt8(ascii: "0") else { throw .syntax }
        if take(UInt8(ascii: ".")) {
            guard skipDigits() > 0 else { throw .syntax }
        }
        guard current | 0x20 == UInt8(ascii: "e") else { return }
        position += 1
        if !take(UInt8(ascii: "+")) { _ = take(UInt8(ascii: "-")) }
        guard skipDigits() > 0 else { throw .syntax }
    }

    private mutating func skipDigits() -> Int {
        let start = position
        while current >= UInt8(ascii: "0"), current <= UInt8(ascii: "9") { position += 1 }
        return position - start
    }
}
