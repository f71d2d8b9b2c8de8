public import Crypto
import Glibc

/// A signed event made by `EventFactory`: its JSON, and what it says, known without parsing it.
public struct SampleEvent: Sendable, Hashable {
    /// SHA-256 of the canonical form.
    public let id: Bytes32
    /// The author.
    public let publicKey: Bytes32
    /// Unix seconds.
    public let createdAt: Int64
    /// NIP-01 kind.
    public let kind: UInt16
    /// The NIP-01 object in UTF-8, without a newline in it.
    public let json: [UInt8]

    /// The same as text.
    public var text: String { String(decoding: json, as: UTF8.self) }

    /// The signature in its JSON; zeros where there is none.
    public var signature: Bytes64 {
        signaturePlace.flatMap { Bytes64(hex: String(decoding: json[$0], as: UTF8.self)) } ?? .zero
    }

    /// The same with zeros for a signature.
    public var withBrokenSignature: SampleEvent { signed(.zero) }

    /// The same with another signature, right or wrong.
    public func signed(_ signature: Bytes64) -> SampleEvent {
        var bytes = json
        if let place = signaturePlace { bytes.replaceSubrange(place, with: signature.hex.utf8) }
        return SampleEvent(id: id, publicKey: publicKey, createdAt: createdAt, kind: kind, json: bytes)
    }

    private var signaturePlace: Range<Int>? {
        let key = Array(#""sig":""#.utf8)
        let place = json.indices.first { json[$0...].starts(with: key) }
        return place.map { ($0 + key.count)..<($0 + key.count + 128) }
    }
}

extension SampleEvent {
    /// The same event with other bytes in the first place of these: what a relay sends that keeps broken events.
    public func replacing(_ old: String, with new: [UInt8]) -> SampleEvent {
        let old = Array(old.utf8)
        var bytes = json
        if let place = bytes.indices.first(where: { bytes[$0...].starts(with: old) }) {
            bytes.replaceSubrange(place..<(place + old.count), with: new)
        }
        return SampleEvent(id: id, publicKey: publicKey, createdAt: createdAt, kind: kind, json: bytes)
    }

    /// The same with a text in that place.
    public func replacing(_ old: String, with new: String) -> SampleEvent { replacing(old, with: Array(new.utf8)) }
}

extension Sequence where Element == SampleEvent {
    /// Writes one event a line to a new file.
    public func writeJSONL(to path: String) throws {
        guard let file = fopen(path, "w") else { throw ChildProcess.Failure(description: "cannot write \(path)") }
        var isWritten = true
        for event in self {
            isWritten = isWritten && fwrite(event.json, 1, event.json.count, file) == event.json.count
            isWritten = isWritten && putc(0x0a, file) != EOF
        }
        guard fclose(file) == 0, isWritten else { throw ChildProcess.Failure(description: "cannot write \(path)") }
    }
}
