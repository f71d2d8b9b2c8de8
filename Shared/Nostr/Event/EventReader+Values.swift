internal import Crypto

/// Where a tags array stands and what was seen in it.
struct TagsText {
    /// Brackets included.
    var range = 0..<0
    /// What any of its strings used.
    var marks: JSONText.Marks = []
    /// Blanks stand between its tokens, so that these bytes are not the canonical ones.
    var hasBlanks = false
    var hasEmptyTag = false
}

extension EventReader {
    /// Takes 64 lowercase hex characters.
    mutating func readBytes32() throws(EventError) -> Bytes32 {
        let text = try hexText()
        guard
            let value = Bytes32(
                hex: UnsafeRawBufferPointer(rebasing: UnsafeRawBufferPointer(scanner.bytes)[text.range]))
        else {
            return try decodeHex(text, size: 32) { Bytes32($0) }
        }
        return value
    }

    /// Takes 128 lowercase hex characters.
    mutating func readBytes64() throws(EventError) -> Bytes64 {
        let text = try hexText()
        guard
            let value = Bytes64(
                hex: UnsafeRawBufferPointer(rebasing: UnsafeRawBufferPointer(scanner.bytes)[text.range]))
        else {
            return try decodeHex(text, size: 64) { Bytes64($0) }
        }
        return value
    }

    private mutating func hexText() throws(EventError) -> JSONText {
        guard scanner.current == UInt8(ascii: "\"") else { throw .badHex }
        return try text()
    }

    /// The rare ways: hex written with JSON escapes is right, capitals have an error of their own.
    private func decodeHex<Value>(
        _ text: JSONText, size: Int, _ make: ([UInt8]) -> Value?
    ) throws(EventError) -> Value {
        let plain = JSONString.decoded(scanner.bytes, text)
        guard plain.count == size * 2 else { throw .badHex }
        if let bytes = Hex.decode(plain), let value = make(bytes) { return value }
        let lower = plain.map { (0x41...0x46).contains($0) ? $0 | 0x20 : $0 }
        throw Hex.decode(lower) == nil ? .badHex : .uppercaseHex
    }

    /// Takes an integer of 0...65535.
    mutating func readKind() throws(EventError) -> UInt16 {
        guard let value = try integer(wrongType: .badKind, negative: .kindOutOfRange), value <= 65535
        else { throw .kindOutOfRange }
        return UInt16(value)
    }

    /// Takes an integer of 0...2^63-1.
    mutating func readCreatedAt() throws(EventError) -> Int64 {
        guard let value = try integer(wrongType: .badCreatedAt, negative: .negativeCreatedAt), value <= Int64.max
        else { throw .createdAtOutOfRange }
        return Int64(value)
    }

    /// Takes an integer; nil when it is above 2^64-1. The digits are the canonical form: no sign, no leading zero.
    private mutating func integer(
        wrongType: EventError, negative: EventError
    ) throws(EventError) -> UInt64? {
        if scanner.current == UInt8(ascii: "-") { throw negative }
        let start = scanner.position
        var value: UInt64 = 0
        var isTooLarge = false
        while scanner.current &- 48 <= 9 {
            let (tens, overflows) = value.multipliedReportingOverflow(by: 10)
            let (sum, carries) = tens.addingReportingOverflow(UInt64(scanner.current &- 48))
            isTooLarge = isTooLarge || overflows || carries
            value = sum
            scanner.position += 1
        }
        let size = scanner.position - start
        guard size > 0 else { throw wrongType }
        if size > 1, scanner.bytes[start] == UInt8(ascii: "0") { throw .notJSON }
        if scanner.current == UInt8(ascii: ".") { throw .fractionalNumber }
        if scanner.current | 0x20 == UInt8(ascii: "e") { throw .exponentNumber }
        return isTooLarge ? nil : value
    }

    /// Takes an array of arrays of strings.
    mutating func readTags() throws(EventError) {
        let start = scanner.position
        guard scanner.take(UInt8(ascii: "[")) else { throw .badTags }
        noteBlanks()
        if !scanner.take(UInt8(ascii: "]")) {
            repeat {
                noteBlanks()
                try readTag()
                noteBlanks()
            } while scanner.take(UInt8(ascii: ","))
            guard scanner.take(UInt8(ascii: "]")) else { throw .badTags }
        }
        tags.range = start..<scanner.position
        if tags.marks.contains(.loneSurrogate) { throw .loneSurrogate }
    }

    private mutating func readTag() throws(EventError) {
        guard scanner.take(UInt8(ascii: "[")) else { throw .badTags }
        noteBlanks()
        if scanner.take(UInt8(ascii: "]")) {
            tags.hasEmptyTag = true
            return
        }
        repeat {
            noteBlanks()
            guard scanner.current == UInt8(ascii: "\"") else { throw .badTags }
            tags.marks.formUnion(try tagText().marks)
            noteBlanks()
        } while scanner.take(UInt8(ascii: ","))
        guard scanner.take(UInt8(ascii: "]")) else { throw .badTags }
    }

    /// As `text`, but inlined with the scanner's loop: most strings of an event stand in its tags.
    @inline(__always) private mutating func tagText() throws(EventError) -> JSONText {
        do throws(JSONFault) {
            return try scanner.string()
        } catch {
            throw EventError(error)
        }
    }

    @inline(__always) private mutating func noteBlanks() {
        if scanner.skipBlanks() { tags.hasBlanks = true }
    }
}
