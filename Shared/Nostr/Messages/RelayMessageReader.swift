internal import Crypto

/// Reads one frame of a relay: an array whose first element names the message.
struct RelayMessageReader {
    var scanner: JSONScanner
    let limits: MessageLimits

    /// Stands behind the opening bracket.
    init(_ bytes: UnsafeBufferPointer<UInt8>, limits: MessageLimits) throws(ProtocolError) {
        scanner = JSONScanner(bytes)
        self.limits = limits
        if scanner.hasByteOrderMark { throw .byteOrderMark }
        scanner.skipBlanks()
        guard scanner.take(UInt8(ascii: "[")) else { throw .notJSON }
    }

    mutating func read() throws(ProtocolError) -> RelayMessage {
        scanner.skipBlanks()
        guard scanner.current == UInt8(ascii: "\"") else { throw .unknownMessage }
        let label = try text()
        let name = UnsafeBufferPointer(rebasing: scanner.bytes[label.range])
        if name.elementsEqual("EVENT".utf8) { return try event() }
        let message = try other(String(decoding: name, as: UTF8.self))
        try finish()
        return message
    }

    private mutating func other(_ name: String) throws(ProtocolError) -> RelayMessage {
        switch name {
        case "EOSE": return .eose(subscription: try string(), hint: try hint())
        case "CLOSED":
            let subscription = try string()
            let message = try optionalString()
            return .closed(
                subscription: subscription, prefix: ReasonPrefix(message: message), message: cut(message))
        case "NOTICE": return .notice(cut(try string()))
        case "OK": return try ok()
        case "AUTH": return .auth(challenge: try string())
        case "COUNT": return try count()
        case "NEG-MSG":
            let subscription = try string()
            return .negMessage(subscription: subscription, message: Hex.decode(Array(try string().utf8)))
        case "NEG-ERR":
            let subscription = try string()
            return .negError(
                subscription: subscription, reason: cut(try string()), maxRecords: try optionalInteger())
        default: throw .unknownMessage
        }
    }

    /// `["EVENT", subscription, event]`: the event is what stands between the second comma and the last bracket.
    private mutating func event() throws(ProtocolError) -> RelayMessage {
        guard try nextElement(), scanner.current == UInt8(ascii: "\"") else { throw .badMessage }
        let subscription = try text()
        guard try nextElement() else { throw .badMessage }
        let start = scanner.position
        var end = scanner.bytes.count
        while end > start, Self.isBlank(scanner.bytes[end - 1]) { end -= 1 }
        guard end > start, scanner.bytes[end - 1] == UInt8(ascii: "]") else { throw .notJSON }
        end -= 1
        while end > start, Self.isBlank(scanner.bytes[end - 1]) { end -= 1 }
        guard end > start, scanner.bytes[start] == UInt8(ascii: "{") else { throw .badMessage }
        return .event(subscription: subscription.range, event: start..<end)
    }

    private mutating func ok() throws(ProtocolError) -> RelayMessage {
        guard let id = EventID(hex: try string()), try nextElement() else { throw .badMessage }
        let isAccepted = scanner.current == UInt8(ascii: "t")
        try fault { scanner throws(JSONFault) in try scanner.word(isAccepted ? "true" : "false") }
        return .ok(id, isAccepted: isAccepted, message: cut(try optionalString()))
    }

    /// NIP-67: a third element, an array with the hint. Anything else there says nothing.
    private mutating func hint() throws(ProtocolError) -> EOSEHint? {
        guard try nextElement() else { return nil }
        guard scanner.current == UInt8(ascii: "[") else {
            try skip()
            return nil
        }
        let start = scanner.position
        try skip()
        var inside = JSONScanner(UnsafeBufferPointer(rebasing: scanner.bytes[start..<scanner.position]))
        inside.position = 1
        while inside.position < inside.bytes.count {
            guard inside.current == UInt8(ascii: "\""), let word = try? inside.string() else {
                inside.position += 1
                continue
            }
            let text = String(decoding: inside.bytes[word.range], as: UTF8.self)
            if let hint = EOSEHint(rawValue: text) { return hint }
        }
        return nil
    }

    static func isBlank(_ byte: UInt8) -> Bool { byte == 0x20 || byte == 0x0A || byte == 0x0D || byte == 0x09 }

    /// A text cut to what is kept, at the end of a character.
    private func cut(_ text: String) -> String {
        guard text.utf8.count > limits.textBytes else { return text }
        let cut = Array(text.utf8.prefix(limits.textBytes))
        // A character that is cut in two would become U+FFFD: drop its first part.
        let whole = cut.prefix(cut.count - Self.brokenTail(cut))
        return String(decoding: whole, as: UTF8.self)
    }

    /// How many bytes at the end belong to a character that does not end there.
    private static func brokenTail(_ bytes: [UInt8]) -> Int {
        for size in 1...min(4, bytes.count) {
            let byte = bytes[bytes.count - size]
            if byte & 0xC0 == 0x80 { continue }
            let needed = byte < 0x80 ? 1 : byte < 0xE0 ? 2 : byte < 0xF0 ? 3 : 4
            return needed > size ? size : 0
        }
        return 0
    }
}
