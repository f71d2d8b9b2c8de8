internal import Crypto

extension RelayMessageReader {
    /// Moves to the next element of the array; false at its end.
    mutating func nextElement() throws(ProtocolError) -> Bool {
        scanner.skipBlanks()
        guard scanner.take(UInt8(ascii: ",")) else { return false }
        scanner.skipBlanks()
        return true
    }

    /// Takes the next element, which must be a string.
    mutating func string() throws(ProtocolError) -> String {
        guard try nextElement(), scanner.current == UInt8(ascii: "\"") else { throw .badMessage }
        let text = try text()
        return String(decoding: JSONString.decoded(scanner.bytes, text), as: UTF8.self)
    }

    /// Takes the next element if it is a string; empty when there is none, as older relays leave messages out.
    mutating func optionalString() throws(ProtocolError) -> String {
        guard try nextElement() else { return "" }
        guard scanner.current == UInt8(ascii: "\"") else {
            try skip()
            return ""
        }
        return String(decoding: JSONString.decoded(scanner.bytes, try text()), as: UTF8.self)
    }

    /// Takes the next element if there is one; nil when it is no integer of 0...2^63-1, whether a number or a string.
    mutating func optionalInteger() throws(ProtocolError) -> Int64? {
        guard try nextElement() else { return nil }
        return try integerValue()
    }

    /// Takes the rest of the array and what follows it, which may be blanks only.
    mutating func finish() throws(ProtocolError) {
        while try nextElement() { try skip() }
        guard scanner.take(UInt8(ascii: "]")) else { throw .notJSON }
        scanner.skipBlanks()
        guard scanner.position == scanner.bytes.count else { throw .trailingBytes }
    }

    /// Takes a string, with the scanner's faults as protocol errors.
    mutating func text() throws(ProtocolError) -> JSONText {
        do throws(JSONFault) {
            return try scanner.string()
        } catch {
            throw ProtocolError(error)
        }
    }

    /// Takes any value.
    mutating func skip() throws(ProtocolError) {
        let left = limits.depth - 1
        try fault { scanner throws(JSONFault) in try scanner.skipValue(depth: left) }
    }

    /// Runs the scanner with its faults as protocol errors.
    mutating func fault<Value>(
        _ body: (inout JSONScanner) throws(JSONFault) -> Value
    ) throws(ProtocolError) -> Value {
        do throws(JSONFault) {
            return try body(&scanner)
        } catch {
            throw ProtocolError(error)
        }
    }

    private mutating func integerValue() throws(ProtocolError) -> Int64? {
        if scanner.current == UInt8(ascii: "\"") {
            return Self.integer(JSONString.decoded(scanner.bytes, try text()))
        }
        let start = scanner.position
        try skip()
        return Self.integer(scanner.bytes[start..<scanner.position])
    }

    /// Digits only: no sign, not even a good one.
    private static func integer(_ digits: some Collection<UInt8>) -> Int64? {
        guard digits.allSatisfy({ (0x30...0x39).contains($0) }) else { return nil }
        return Int64(String(decoding: digits, as: UTF8.self))
    }
}

// NIP-45: Event Counts. https://github.com/nostr-protocol/nips/blob/master/45.md
extension RelayMessageReader {
    /// `["COUNT", subscription, {"count": n, "approximate": bool, "limited": bool, "hll": 512 hex}]`; only `count` must
    /// be there. `limited` is strfry's, for a count that it broke off.
    mutating func count() throws(ProtocolError) -> RelayMessage {
        let subscription = try string()
        guard try nextElement(), scanner.take(UInt8(ascii: "{")) else { throw .badMessage }
        var count: Int64??
        var isApproximate = false
        var registers: [UInt8]?
        scanner.skipBlanks()
        if !scanner.take(UInt8(ascii: "}")) {
            repeat {
                scanner.skipBlanks()
                let key = String(decoding: JSONString.decoded(scanner.bytes, try text()), as: UTF8.self)
                scanner.skipBlanks()
                guard scanner.take(UInt8(ascii: ":")) else { throw .notJSON }
                scanner.skipBlanks()
                switch key {
                case "count": count = .some(try integerValue())
                case "approximate", "limited":
                    // Whatever else is said there, only these two say that the count is what it seems.
                    let first = scanner.current
                    isApproximate = isApproximate || first != UInt8(ascii: "f") && first != UInt8(ascii: "n")
                    try skip()
                case "hll": registers = try hyperLogLog()
                default: try skip()
                }
                scanner.skipBlanks()
            } while scanner.take(UInt8(ascii: ","))
            guard scanner.take(UInt8(ascii: "}")) else { throw .notJSON }
        }
        guard let count else { throw .badMessage }
        return .count(subscription: subscription, count: count, isApproximate: isApproximate, registers: registers)
    }

    /// 256 registers of one byte each in hex; nil when the value is anything else.
    private mutating func hyperLogLog() throws(ProtocolError) -> [UInt8]? {
        guard scanner.current == UInt8(ascii: "\"") else {
            try skip()
            return nil
        }
        let registers = Hex.decode(JSONString.decoded(scanner.bytes, try text()))
        return registers?.count == 256 ? registers : nil
    }
}
