public import Crypto

// NIP-13: Proof of Work. https://github.com/nostr-protocol/nips/blob/master/13.md

/// Work that an event's id proves.
public enum NIP13ProofOfWork {
    /// Leading zero bits of an id, 0...256.
    public static func bits(of id: EventID) -> Int {
        var bits = 0
        for byte in id.bytes {
            bits += byte.leadingZeroBitCount
            if byte != 0 { break }
        }
        return bits
    }

    /// How many bits the message of an OK asks for that begins with `pow:`; nil when it names no number of 1...256.
    ///
    /// No text is prescribed. Relays name the bits that are there, those that are needed, or both ("25>=24 is needed"):
    /// of the numbers the greatest is never less than what is needed.
    public static func demand(in message: String) -> Int? {
        let numbers = message.utf8.split { !(0x30...0x39).contains($0) }.compactMap { Int(String($0) ?? "") }
        return numbers.filter { (1...256).contains($0) }.max()
    }
}

/// Looks for the nonce of an event: the smallest one, so whoever looks again finds the same event.
public struct NIP13Miner: Sendable {
    /// Digits of a nonce, zeros in front: the text keeps its length, and only they change.
    static let digits = 10

    private let event: UnsignedEvent
    private let bits: Int
    private var text: [UInt8]
    private let place: Range<Int>

    /// Begins at zero. The tag is put behind the event's own.
    /// - Parameter bits: leading zeros that are wanted; each one doubles the work.
    public init(_ event: UnsignedEvent, pubkey: PublicKey, bits: Int) {
        self.event = event
        self.bits = bits
        text = CanonicalJSON.head(pubkey: pubkey, createdAt: event.createdAt, kind: event.kind)
        text.append(UInt8(ascii: "["))
        for tag in event.tags {
            CanonicalJSON.appendArray(tag, to: &text)
            text.append(UInt8(ascii: ","))
        }
        text.append(contentsOf: "[\"nonce\",\"".utf8)
        place = text.count..<(text.count + Self.digits)
        text.append(contentsOf: repeatElement(UInt8(ascii: "0"), count: Self.digits))
        text.append(contentsOf: "\",\"\(bits)\"]],\"".utf8)
        CanonicalJSON.appendString(event.content.utf8, to: &text)
        text.append(contentsOf: "\"]".utf8)
    }

    /// Goes on for so many nonces.
    /// - Returns: the event with its nonce; nil when it is not found yet. Some microseconds a nonce.
    public mutating func search(tries: Int) -> UnsignedEvent? {
        for _ in 0..<tries {
            if NIP13ProofOfWork.bits(of: SHA256.hash(text)) >= bits { return found() }
            advance()
        }
        return nil
    }

    private func found() -> UnsignedEvent {
        var found = event
        found.tags.append(["nonce", String(decoding: text[place], as: UTF8.self), String(bits)])
        return found
    }

    /// Counts in place. After 10^10 it begins again: nobody waits so long.
    private mutating func advance() {
        for index in place.reversed() {
            guard text[index] == UInt8(ascii: "9") else {
                text[index] += 1
                return
            }
            text[index] = UInt8(ascii: "0")
        }
    }
}
