import Crypto
import Nostr
import Support

/// An event whose id is right and whose signature is a mark: the id twice where it is valid, zeros where it is not.
/// Only the simulation takes that for a signature; everything else of the path is the real one.
struct SimulatedEvent: Sendable {
    let id: EventID
    let createdAt: Int64
    let kind: UInt16
    let pubkey: PublicKey
    /// As a relay serves it.
    let json: [UInt8]
    let isValid: Bool

    init(createdAt: Int64, kind: UInt16, author: UInt8, serial: Int, isValid: Bool = true) {
        let pubkey = SHA256.hash([author])
        let id = SHA256.hash([UInt8](#"[0,"\#(pubkey.hex)",\#(createdAt),\#(kind),[],"\#(serial)"]"#.utf8))
        let signature = isValid ? id.hex + id.hex : String(repeating: "0", count: 128)
        self.id = id
        self.createdAt = createdAt
        self.kind = kind
        self.pubkey = pubkey
        self.isValid = isValid
        let fields = #""id":"\#(id.hex)","pubkey":"\#(pubkey.hex)","created_at":\#(createdAt),"kind":\#(kind)"#
        json = [UInt8](#"{\#(fields),"tags":[],"content":"\#(serial)","sig":"\#(signature)"}"#.utf8)
    }

    /// What stands for the verification of a signature.
    @Sendable static func isAuthentic(_ event: ParsedEvent) -> Bool {
        event.signature.bytes.elementsEqual(event.id.bytes + event.id.bytes)
    }
}
