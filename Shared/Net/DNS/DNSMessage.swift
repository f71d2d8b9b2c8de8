import CCares

/// Reads the records out of an answer (RFC 1035, 4.1): pure. Names, which may point at each other, are expanded by
/// c-ares (`ares_expand_name`), which bounds what it follows; lengths are checked here, and nothing is read behind the
/// end.
struct DNSMessage {
    private struct Record {
        let owner: String
        let type: UInt16
        let ttlSeconds: Int
        let data: Range<Int>
    }

    /// Records looked at; an answer of 64 KiB could hold 5,000.
    private static let mostRecordsRead = 512
    private static let headerBytes = 12
    private static let alias: UInt16 = 5
    private static let internet: UInt16 = 1
    /// Larger ones count as 0 (RFC 2181, 8).
    private static let mostTTL = 0x7FFF_FFFF

    private let bytes: [UInt8]

    init(_ bytes: [UInt8]) { self.bytes = bytes }

    /// The records that answer a question.
    /// - Throws: `no_data`, `bad_answer`.
    func answer(to question: DNSQuestion) throws(DNSError) -> DNSAnswer {
        let records = try records()
        var answer = DNSAnswer()
        let (last, ttl) = follow(records, from: question.name, into: &answer)
        var least = ttl
        for record in records where record.type == question.kind.rawValue && record.owner == last {
            guard answer.addresses.count + answer.names.count < DNSAnswer.mostRecords else {
                answer.isCut = true
                break
            }
            try take(record, question.kind, into: &answer)
            least = min(least, record.ttlSeconds)
        }
        guard !answer.addresses.isEmpty || !answer.names.isEmpty else { throw .noData }
        answer.ttlSeconds = least
        return answer
    }

    /// The name that aliases lead to, and for how long they hold.
    private func follow(
        _ records: [Record], from name: String, into answer: inout DNSAnswer
    ) -> (name: String, ttlSeconds: Int) {
        var (name, ttl) = (name, Self.mostTTL)
        while answer.aliases.count < DNSAnswer.mostAliases,
            let record = records.first(where: { $0.type == Self.alias && $0.owner == name }),
            let target = self.name(at: record.data.lowerBound)?.text, !answer.aliases.contains(target)
        {
            answer.aliases.append(target)
            (name, ttl) = (target, min(ttl, record.ttlSeconds))
        }
        return (name, ttl)
    }

    private func take(_ record: Record, _ kind: DNSQuestion.Kind, into answer: inout DNSAnswer) throws(DNSError) {
        switch kind {
        case .a, .aaaa:
            guard record.data.count == (kind == .a ? 4 : 16),
                let address = ResolvedAddress(bytes: Array(bytes[record.data]))
            else { throw .badAnswer }
            if !answer.addresses.contains(address) { answer.addresses.append(address) }
        case .ns, .ptr:
            guard let name = name(at: record.data.lowerBound)?.text else { throw .badAnswer }
            if !answer.names.contains(name) { answer.names.append(name) }
        }
    }

    private func records() throws(DNSError) -> [Record] {
        guard bytes.count >= Self.headerBytes, let questions = number16(at: 4), let answers = number16(at: 6) else {
            throw .badAnswer
        }
        var position = Self.headerBytes
        guard questions <= 1 else { throw .badAnswer }
        if questions == 1 {
            guard let name = name(at: position) else { throw .badAnswer }
            position = name.end + 4
        }
        var found: [Record] = []
        for _ in 0..<min(Int(answers), Self.mostRecordsRead) {
            guard let record = record(at: position) else { throw .badAnswer }
            position = record.data.upperBound
            found.append(record)
        }
        return found
    }

    private func record(at position: Int) -> Record? {
        guard let owner = name(at: position), let type = number16(at: owner.end),
            let space = number16(at: owner.end + 2), let high = number16(at: owner.end + 4),
            let low = number16(at: owner.end + 6), let count = number16(at: owner.end + 8)
        else { return nil }
        let (start, ttl) = (owner.end + 10, Int(high) << 16 | Int(low))
        guard start + Int(count) <= bytes.count else { return nil }
        // A record of another class is of no type that is asked for.
        return Record(
            owner: owner.text, type: space == Self.internet ? type : 0, ttlSeconds: ttl > Self.mostTTL ? 0 : ttl,
            data: start..<start + Int(count))
    }

    /// At most 65,535 bytes come, so no sum here comes near a limit.
    private func number16(at position: Int) -> UInt16? {
        guard position >= 0, position + 2 <= bytes.count else { return nil }
        return UInt16(bytes[position]) << 8 | UInt16(bytes[position + 1])
    }

    /// The name that begins at a position, in lower case, and where it ends there. nil for anything that is no name of
    /// printable ASCII of at most 255 bytes.
    private func name(at position: Int) -> (text: String, end: Int)? {
        guard position >= 0, position < bytes.count else { return nil }
        return bytes.withUnsafeBufferPointer { buffer in
            guard let start = buffer.baseAddress else { return nil }
            var text: UnsafeMutablePointer<CChar>?
            var length = 0
            guard ares_expand_name(start + position, start, Int32(clamping: buffer.count), &text, &length) == 0,
                let text
            else { return nil }
            defer { ares_free_string(text) }
            let name = String(cString: text).lowercased()
            let isPlain = name.utf8.count <= 255 && name.utf8.allSatisfy { $0 > 0x20 && $0 < 0x7F }
            return isPlain && length > 0 ? (name, position + length) : nil
        }
    }
}
