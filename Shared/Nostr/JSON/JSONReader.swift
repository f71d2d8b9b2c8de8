/// Reads JSON text into values, and remembers what it had to replace.
struct JSONReader {
    private(set) var scanner: JSONScanner
    /// What stood in the strings since this was last emptied.
    var marks: JSONText.Marks = []
    /// Numbers that were too large since this was last set to zero.
    var hugeNumbers = 0

    /// A reader that begins at a place of the text.
    init(_ bytes: UnsafeBufferPointer<UInt8>, at position: Int = 0) {
        scanner = JSONScanner(bytes)
        scanner.position = position
    }

    /// Takes one value of any type. `depth` is how many levels may still open; one more throws `tooDeep`.
    mutating func value(depth: Int) throws(JSONFault) -> JSONValue {
        switch scanner.current {
        case UInt8(ascii: "\""): return .string(try string())
        case UInt8(ascii: "["):
            var values: [JSONValue] = []
            try array(depth: depth) { (reader) throws(JSONFault) in values.append(try reader.value(depth: depth - 1)) }
            return .array(values)
        case UInt8(ascii: "{"):
            var members: [JSONValue.Member] = []
            try object(depth: depth) { (reader, name) throws(JSONFault) in
                members.append(JSONValue.Member(name, try reader.value(depth: depth - 1)))
            }
            return .object(members)
        case let byte: return try scalar(byte)
        }
    }

    /// Takes an object; `member` takes the value behind each name.
    mutating func object(
        depth: Int, _ member: (inout JSONReader, String) throws(JSONFault) -> Void
    ) throws(JSONFault) {
        try list("{", "}", depth: depth) { (reader) throws(JSONFault) in
            let name = try reader.string()
            reader.scanner.skipBlanks()
            try reader.scanner.expect(UInt8(ascii: ":"))
            reader.scanner.skipBlanks()
            try member(&reader, name)
        }
    }

    /// Whether nothing but blanks is left.
    mutating func isAtEnd() -> Bool {
        scanner.skipBlanks()
        return scanner.position >= scanner.bytes.count
    }

    private mutating func array(
        depth: Int, _ element: (inout JSONReader) throws(JSONFault) -> Void
    ) throws(JSONFault) {
        try list("[", "]", depth: depth, element)
    }

    private mutating func list(
        _ opening: Unicode.Scalar, _ closing: Unicode.Scalar, depth: Int,
        _ element: (inout JSONReader) throws(JSONFault) -> Void
    ) throws(JSONFault) {
        guard depth > 0 else { throw .tooDeep }
        try scanner.expect(UInt8(ascii: opening))
        scanner.skipBlanks()
        if scanner.take(UInt8(ascii: closing)) { return }
        repeat {
            scanner.skipBlanks()
            try element(&self)
            scanner.skipBlanks()
        } while scanner.take(UInt8(ascii: ","))
        try scanner.expect(UInt8(ascii: closing))
    }

    private mutating func string() throws(JSONFault) -> String {
        let text = try scanner.string()
        marks.formUnion(text.marks)
        guard text.marks.contains(.escaped) else {
            return String(decoding: scanner.bytes[text.range], as: UTF8.self)
        }
        var decoded: [UInt8] = []
        JSONString.appendDecoded(scanner.bytes, text.range, replacingNUL: true, to: &decoded)
        return String(decoding: decoded, as: UTF8.self)
    }

    private mutating func scalar(_ first: UInt8) throws(JSONFault) -> JSONValue {
        let start = scanner.position
        try scanner.skipValue(depth: 0)
        switch first {
        case UInt8(ascii: "t"): return .bool(true)
        case UInt8(ascii: "f"): return .bool(false)
        case UInt8(ascii: "n"): return .null
        default:
            let text = String(decoding: scanner.bytes[start..<scanner.position], as: UTF8.self)
            if let number = JSONNumber(scanned: text) { return .number(number) }
            hugeNumbers += 1
            return .null
        }
    }
}
