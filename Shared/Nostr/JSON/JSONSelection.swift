/// The strings to which a path leads in a JSON text of unknown origin.
public struct JSONSelection: Sendable, Equatable {
    /// Why nothing was selected.
    public enum Failure: String, Error, Sendable, CaseIterable {
        /// No JSON, whole or in part (RFC 8259).
        case notJSON = "not_json"
        /// More levels than were allowed.
        case tooDeep = "too_deep"
        /// JSON in which the path leads nowhere.
        case unexpectedShape = "unexpected_shape"
    }

    /// In the order of the text, decoded.
    public private(set) var strings: [String] = []
    /// Values at the end of the path that are no string, or too long a one, or one string too many.
    public private(set) var skipped = 0
    private var wasReached = false

    /// Selects from a whole text. Nothing of a text with a fault is selected. Linear in its size.
    /// - Parameters:
    ///   - mostStrings: what is more is skipped.
    ///   - mostBytes: longer strings, as they are written, are skipped.
    ///   - depth: levels of the text at most.
    public init(
        _ path: JSONPath, in json: [UInt8], mostStrings: Int = 200_000, mostBytes: Int = 2_048,
        depth: Int = JSONDepth.usual
    ) throws(Failure) {
        let result = json.withUnsafeBufferPointer { bytes in
            Result { () throws(JSONFault) in
                var walk = JSONWalk(bytes, mostStrings: mostStrings, mostBytes: mostBytes)
                try walk.text(path, depth: depth)
                return walk.selection
            }
        }
        do throws(JSONFault) { self = try result.get() } catch {
            throw error == .tooDeep ? Failure.tooDeep : Failure.notJSON
        }
        guard wasReached else { throw .unexpectedShape }
    }

    fileprivate init() {}

    fileprivate mutating func reach() { wasReached = true }

    fileprivate mutating func skip() { skipped += 1 }

    fileprivate mutating func add(_ string: String) { strings.append(string) }
}

/// One walk over a text; recursion is bounded by the levels, never by the text.
private struct JSONWalk {
    private(set) var selection = JSONSelection()
    private var scanner: JSONScanner
    private let mostStrings: Int
    private let mostBytes: Int

    init(_ bytes: UnsafeBufferPointer<UInt8>, mostStrings: Int, mostBytes: Int) {
        scanner = JSONScanner(bytes)
        self.mostStrings = mostStrings
        self.mostBytes = mostBytes
    }

    mutating func text(_ path: JSONPath, depth: Int) throws(JSONFault) {
        if scanner.hasByteOrderMark { scanner.position = 3 }
        scanner.skipBlanks()
        try value(path.parts[...], depth: depth)
        scanner.skipBlanks()
        guard scanner.position == scanner.bytes.count else { throw .syntax }
    }

    private mutating func value(_ parts: ArraySlice<JSONPath.Part>, depth: Int) throws(JSONFault) {
        let rest = parts.dropFirst()
        switch (parts.first, scanner.current) {
        case (nil, _): try leaf(depth: depth)
        case (.elements, UInt8(ascii: "[")): try array(rest, depth: depth)
        case (.keys, UInt8(ascii: "{")): try object(member: nil, rest, depth: depth)
        case (.member(let name), UInt8(ascii: "{")): try object(member: name, rest, depth: depth)
        default:
            selection.skip()
            try scanner.skipValue(depth: depth)
        }
    }

    private mutating func leaf(depth: Int) throws(JSONFault) {
        selection.reach()
        guard scanner.current == UInt8(ascii: "\"") else {
            selection.skip()
            return try scanner.skipValue(depth: depth)
        }
        take(try scanner.string())
    }

    private mutating func take(_ text: JSONText) {
        guard text.range.count <= mostBytes, selection.strings.count < mostStrings else { return selection.skip() }
        selection.add(String(decoding: JSONString.decoded(scanner.bytes, text), as: UTF8.self))
    }

    private mutating func array(_ rest: ArraySlice<JSONPath.Part>, depth: Int) throws(JSONFault) {
        guard depth > 0 else { throw .tooDeep }
        if rest.isEmpty { selection.reach() }
        scanner.position += 1
        scanner.skipBlanks()
        if scanner.take(UInt8(ascii: "]")) { return selection.reach() }
        repeat {
            scanner.skipBlanks()
            try value(rest, depth: depth - 1)
            scanner.skipBlanks()
        } while scanner.take(UInt8(ascii: ","))
        try scanner.expect(UInt8(ascii: "]"))
    }

    /// Without a member's name, the keys themselves are wanted.
    private mutating func object(
        member: [UInt8]?, _ rest: ArraySlice<JSONPath.Part>, depth: Int
    ) throws(JSONFault) {
        guard depth > 0 else { throw .tooDeep }
        if member == nil { selection.reach() }
        scanner.position += 1
        scanner.skipBlanks()
        if scanner.take(UInt8(ascii: "}")) { return }
        repeat {
            scanner.skipBlanks()
            let key = try scanner.string()
            if member == nil { take(key) }
            scanner.skipBlanks()
            try scanner.expect(UInt8(ascii: ":"))
            scanner.skipBlanks()
            if let member, JSONString.decoded(scanner.bytes, key) == member {
                try value(rest, depth: depth - 1)
            } else {
                try scanner.skipValue(depth: depth - 1)
            }
            scanner.skipBlanks()
        } while scanner.take(UInt8(ascii: ","))
        try scanner.expect(UInt8(ascii: "}"))
    }
}
