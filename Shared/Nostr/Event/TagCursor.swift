/// Walks over a tags array that the parser has accepted, giving the first two elements of each tag.
///
/// Everything that BigBrotr derives from tags needs no more, and nothing is copied until it is asked for.
struct TagCursor {
    /// One tag: its name and, if there is a second element, its value.
    struct Tag {
        let bytes: UnsafeBufferPointer<UInt8>
        let name: JSONText
        let value: JSONText?

        /// The ASCII letter that is the whole name; nil for longer names. Only these are indexed (NIP-01).
        var letter: TagName? {
            guard name.range.count == 1 else {
                return name.marks.contains(.escaped) ? longLetter : nil
            }
            return TagName(bytes[name.range.lowerBound])
        }

        private var longLetter: TagName? {
            let plain = JSONString.decoded(bytes, name)
            return plain.count == 1 ? plain.first.flatMap { TagName($0) } : nil
        }

        /// True when the name is this ASCII text.
        func isNamed(_ text: StaticString) -> Bool {
            let wanted = UnsafeBufferPointer(start: text.utf8Start, count: text.utf8CodeUnitCount)
            if name.marks.contains(.escaped) { return JSONString.decoded(bytes, name).elementsEqual(wanted) }
            return name.range.count == wanted.count && bytes[name.range].elementsEqual(wanted)
        }

        /// The value in UTF-8; empty when there is none.
        var decodedValue: [UInt8] { value.map { JSONString.decoded(bytes, $0) } ?? [] }
    }

    private var scanner: JSONScanner

    /// A cursor over the JSON text of a tags array, brackets included.
    init(_ tags: UnsafeBufferPointer<UInt8>) {
        scanner = JSONScanner(tags)
        scanner.skipBlanks()
        _ = scanner.take(UInt8(ascii: "["))
    }

    /// The next tag that has a name; nil after the last. Text that is no tags array ends the walk.
    mutating func next() -> Tag? {
        while moveIntoTag() {
            guard let name = element() else { continue }
            let value = element()
            while element() != nil {}
            return Tag(bytes: scanner.bytes, name: name, value: value)
        }
        return nil
    }

    private mutating func moveIntoTag() -> Bool {
        scanner.skipBlanks()
        _ = scanner.take(UInt8(ascii: ","))
        scanner.skipBlanks()
        return scanner.take(UInt8(ascii: "["))
    }

    /// The next string of the tag; nil after its closing bracket.
    private mutating func element() -> JSONText? {
        scanner.skipBlanks()
        _ = scanner.take(UInt8(ascii: ","))
        scanner.skipBlanks()
        guard scanner.current == UInt8(ascii: "\"") else {
            _ = scanner.take(UInt8(ascii: "]"))
            return nil
        }
        return try? scanner.string()
    }
}
