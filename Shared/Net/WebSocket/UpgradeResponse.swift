/// The head of the answer to the upgrade, read byte by byte as it arrives and judged when it is whole.
struct UpgradeResponse {
    private let accept: String
    private let limitBytes: Int
    private var head: [UInt8] = []

    /// `accept` is the expected Sec-WebSocket-Accept; a longer head than `limitBytes` is refused.
    init(accept: String, limitBytes: Int) {
        self.accept = accept
        self.limitBytes = limitBytes
    }

    /// Takes bytes; gives how many of them belong to the head once it is whole and accepted, nil while it is not whole.
    /// What follows that count are frames. Throws for every answer that is no acceptance.
    mutating func feed(_ bytes: UnsafeRawBufferPointer) throws(NetError) -> Int? {
        for (index, byte) in bytes.enumerated() {
            head.append(byte)
            guard head.count <= limitBytes else { throw NetError(.upgradeTooLarge, .upgrade) }
            if byte == 0x0A, head.count >= 4, head.suffix(4).elementsEqual([0x0D, 0x0A, 0x0D, 0x0A]) {
                try judge()
                return index + 1
            }
        }
        // Something that is not HTTP must not be waited for until the deadline.
        guard head.starts(with: "HTTP/1.".utf8.prefix(head.count)) else { throw Self.invalid("not HTTP/1.1") }
        return nil
    }

    private func judge() throws(NetError) {
        let lines = head.split(separator: 0x0A).map { $0.last == 0x0D ? $0.dropLast() : $0 }
        let status = try Self.status(lines.first ?? [])
        let headers = try Self.headers(lines.dropFirst())
        guard status == 101 else { throw Self.refusal(status, headers) }
        let value = { (name: String) in headers.filter { $0.name == name }.map(\.value) }
        guard value("upgrade").map({ $0.lowercased() }) == ["websocket"] else { throw Self.invalid("upgrade") }
        let tokens = value("connection").joined(separator: ",").lowercased().split(separator: ",").map(Self.trimmed)
        guard tokens.contains("upgrade") else { throw Self.invalid("connection") }
        guard value("sec-websocket-accept") == [accept] else { throw Self.invalid("accept") }
        // An extension that we did not offer would change the frames. A subprotocol that we did not ask for changes
        // nothing for us, and there are relays that name one: it is let pass against the letter of section 4.1.
        guard value("sec-websocket-extensions").isEmpty else { throw Self.invalid("extensions") }
    }

    private static func refusal(_ status: Int, _ headers: [(name: String, value: String)]) -> NetError {
        let value = { (name: String) in headers.first { $0.name == name }?.value }
        let wait = value("retry-after").flatMap { RetryAfter.wait($0, date: value("date")) }
        switch status {
        case 300...399:
            return NetError(
                .redirected, .upgrade, "status \(status) to \(value("location") ?? "nowhere")", status: status)
        case 429, 503:
            return NetError(.rateLimited, .upgrade, "status \(status)", status: status, retryAfter: wait)
        default:
            return NetError(.upgradeRefused, .upgrade, "status \(status)", status: status, retryAfter: wait)
        }
    }

    /// "HTTP/1.1 101 Switching Protocols"; the text after the number is free.
    private static func status(_ line: ArraySlice<UInt8>) throws(NetError) -> Int {
        let words = line.split(separator: 0x20, maxSplits: 2, omittingEmptySubsequences: false)
        guard words.count >= 2, words[0].starts(with: "HTTP/1.".utf8), words[0].count == 8, words[1].count == 3 else {
            throw invalid("status line")
        }
        guard let status = Int(String(decoding: words[1], as: UTF8.self)), (100...599).contains(status) else {
            throw invalid("status")
        }
        return status
    }

    private static func headers(_ lines: ArraySlice<ArraySlice<UInt8>>) throws(NetError) -> [(
        name: String, value: String
    )] {
        var headers: [(name: String, value: String)] = []
        for line in lines where !line.isEmpty {
            guard let colon = line.firstIndex(of: UInt8(ascii: ":")), colon > line.startIndex else {
                throw invalid("header line")
            }
            let name = String(decoding: line[..<colon], as: UTF8.self).lowercased()
            let value = String(decoding: line[line.index(after: colon)...], as: UTF8.self)
            headers.append((name, trimmed(value[...])))
        }
        return headers
    }

    private static func trimmed(_ text: Substring) -> String {
        let isBlank = { (character: Character) in character == " " || character == "\t" }
        let rest = text.drop(while: isBlank)
        return String(rest.prefix(rest.count - rest.reversed().prefix(while: isBlank).count))
    }

    private static func invalid(_ detail: String) -> NetError { NetError(.upgradeInvalid, .upgrade, detail) }
}
