internal import Crypto

/// Reads the members of one event object in any order, each at most once.
///
/// It knows where everything stands and decodes the small fields; whether the id is right is `EventParser`'s to say.
struct EventReader {
    /// The seven members of NIP-01, as bits.
    struct Members: OptionSet {
        let rawValue: UInt8
        static let id = Members(rawValue: 1)
        static let pubkey = Members(rawValue: 2)
        static let createdAt = Members(rawValue: 4)
        static let kind = Members(rawValue: 8)
        static let tags = Members(rawValue: 16)
        static let content = Members(rawValue: 32)
        static let signature = Members(rawValue: 64)
        static let all = Members(rawValue: 127)
    }

    var scanner: JSONScanner
    let limits: EventLimits
    private var seen: Members = []
    private var extraKeys: [[UInt8]] = []

    private(set) var id = Bytes32.zero
    private(set) var pubkey = Bytes32.zero
    private(set) var signature = Bytes64.zero
    private(set) var kind: UInt16 = 0
    private(set) var createdAt: Int64 = 0
    private(set) var content = JSONText(range: 0..<0, marks: [])
    var tags = TagsText()

    init(_ json: UnsafeBufferPointer<UInt8>, limits: EventLimits) {
        scanner = JSONScanner(json)
        self.limits = limits
    }

    /// Reads the whole object and what follows it, which may be blanks only.
    mutating func read() throws(EventError) -> ParsedEvent {
        if scanner.hasByteOrderMark { throw .byteOrderMark }
        scanner.skipBlanks()
        guard scanner.take(UInt8(ascii: "{")) else { throw .notJSON }
        scanner.skipBlanks()
        if !scanner.take(UInt8(ascii: "}")) { try readMembers() }
        let end = scanner.position
        scanner.skipBlanks()
        guard scanner.position == scanner.bytes.count else { throw .trailingBytes }
        guard seen == .all else { throw .missingField }
        return ParsedEvent(
            id: id, pubkey: pubkey, createdAt: UnixTime(seconds: createdAt), kind: kind, signature: signature,
            tags: tags.range, content: content.range, dialect: .json, hasEmptyTag: tags.hasEmptyTag,
            tagsMarks: tags.marks, contentMarks: content.marks, tagsHaveBlanks: tags.hasBlanks, end: end)
    }

    private mutating func readMembers() throws(EventError) {
        repeat {
            scanner.skipBlanks()
            let key = try text()
            let member = try Self.member(scanner.bytes, key)
            scanner.skipBlanks()
            guard scanner.take(UInt8(ascii: ":")) else { throw .notJSON }
            scanner.skipBlanks()
            if let member {
                guard seen.insert(member).inserted else { throw .duplicateKey }
                try readMember(member)
            } else {
                try skipExtra(key)
            }
            scanner.skipBlanks()
        } while scanner.take(UInt8(ascii: ","))
        guard scanner.take(UInt8(ascii: "}")) else { throw .notJSON }
    }

    private mutating func readMember(_ member: Members) throws(EventError) {
        switch member {
        case .id: id = try readBytes32()
        case .pubkey: pubkey = try readBytes32()
        case .signature: signature = try readBytes64()
        case .kind: kind = try readKind()
        case .createdAt: createdAt = try readCreatedAt()
        case .tags: try readTags()
        default:
            guard scanner.current == UInt8(ascii: "\"") else { throw .badContent }
            content = try text()
            if content.marks.contains(.loneSurrogate) { throw .loneSurrogate }
        }
    }

    /// Takes a member that NIP-01 does not know. Its value only has to be JSON of the allowed depth.
    private mutating func skipExtra(_ key: JSONText) throws(EventError) {
        let name = JSONString.decoded(scanner.bytes, key)
        guard !extraKeys.contains(name) else { throw .duplicateKey }
        guard extraKeys.count < limits.maxExtraFields else { throw .tooManyFields }
        extraKeys.append(name)
        do throws(JSONFault) {
            try scanner.skipValue(depth: limits.maxDepth - 1)
        } catch {
            throw EventError(error)
        }
    }

    /// Takes a string, with the scanner's faults as event errors.
    mutating func text() throws(EventError) -> JSONText {
        do throws(JSONFault) {
            return try scanner.string()
        } catch {
            throw EventError(error)
        }
    }

    /// Which member a key names; nil for one that NIP-01 does not know. A key written with escapes is the same key.
    private static func member(
        _ bytes: UnsafeBufferPointer<UInt8>, _ key: JSONText
    ) throws(EventError) -> Members? {
        if key.marks.contains(.escaped) {
            let plain = JSONString.decoded(bytes, key)
            return plain.withUnsafeBufferPointer { member($0, 0..<$0.count) }
        }
        return member(bytes, key.range)
    }

    private static func member(_ bytes: UnsafeBufferPointer<UInt8>, _ key: Range<Int>) -> Members? {
        switch (key.count, word(bytes, key)) {
        case (2, 0x6469): return .id
        case (3, 0x67_6973): return .signature
        case (4, 0x646E_696B): return .kind
        case (4, 0x7367_6174): return .tags
        case (6, 0x7965_6B62_7570): return .pubkey
        case (7, 0x74_6E65_746E_6F63): return .content
        case (10, 0x5F64_6574_6165_7263):
            let isAt = bytes[key.upperBound - 2] == UInt8(ascii: "a") && bytes[key.upperBound - 1] == UInt8(ascii: "t")
            return isAt ? .createdAt : nil
        default: return nil
        }
    }

    /// The first eight bytes of a key as one number, the first byte lowest.
    private static func word(_ bytes: UnsafeBufferPointer<UInt8>, _ key: Range<Int>) -> UInt64 {
        guard key.lowerBound <= bytes.count - 8 else {
            return key.reversed().reduce(0) { $0 << 8 | UInt64(bytes[$1]) }
        }
        let raw = UnsafeRawBufferPointer(bytes)
        let word = UInt64(littleEndian: raw.loadUnaligned(fromByteOffset: key.lowerBound, as: UInt64.self))
        return key.count < 8 ? word & (1 << (UInt64(key.count) * 8) - 1) : word
    }
}

extension EventError {
    /// The scanner's fault, seen as a defect of an event.
    init(_ fault: JSONFault) {
        switch fault {
        case .syntax: self = .notJSON
        case .controlByte: self = .controlByte
        case .badUTF8: self = .badUTF8
        case .tooDeep: self = .tooDeep
        }
    }
}
