import Crypto
import Nostr
import Support

/// An event whose id is right and whose signature is a mark: where it is valid the id twice, or once and then
/// backwards; where it is not, zeros. Only the simulation takes that for a signature; everything else of the path is
/// the real one.
final class SimulatedEvent: Sendable {
    /// What is wrong with one that nobody may store.
    enum Flaw: Sendable, CaseIterable {
        case signature
        /// The id is not the hash.
        case id
        /// No event at all, and no time in it.
        case garbage
        /// Nothing, but the database does not take it.
        case poison

        /// As the quarantine calls it.
        var reason: String {
            switch self {
            case .signature: "bad_signature"
            case .id: "id_mismatch"
            case .garbage: "not_json"
            case .poison: "data_error"
            }
        }
    }

    /// What the content of one begins with that the database does not take.
    static let poison = "poison "

    let id: EventID
    let createdAt: Int64
    let kind: UInt16
    let pubkey: PublicKey
    /// As a relay serves it.
    let json: [UInt8]
    let flaw: Flaw?

    var isValid: Bool { flaw == nil }

    /// - Parameter padding: bytes by which its content is longer.
    init(createdAt: Int64, kind: UInt16, author: UInt8, serial: Int, flaw: Flaw? = nil, padding: Int = 0) {
        let pubkey = SHA256.hash([author])
        let content = (flaw == .poison ? Self.poison : "") + "\(serial)" + String(repeating: "x", count: padding)
        let hash = SHA256.hash([UInt8](#"[0,"\#(pubkey.hex)",\#(createdAt),\#(kind),[],"\#(content)"]"#.utf8))
        id = flaw == .id ? SHA256.hash(Array(hash.bytes)) : hash
        self.createdAt = createdAt
        self.kind = kind
        self.pubkey = pubkey
        self.flaw = flaw
        let signature = flaw == .signature ? String(repeating: "0", count: 128) : id.hex + id.hex
        let fields = #""id":"\#(id.hex)","pubkey":"\#(pubkey.hex)","created_at":\#(createdAt),"kind":\#(kind)"#
        json =
            flaw == .garbage
            ? [UInt8](#"{"garbage \#(serial)"#.utf8)
            : [UInt8](#"{\#(fields),"tags":[],"content":"\#(content)","sig":"\#(signature)"}"#.utf8)
    }

    private init(_ event: SimulatedEvent, under signature: String, flaw: Flaw?) {
        id = event.id
        createdAt = event.createdAt
        kind = event.kind
        pubkey = event.pubkey
        self.flaw = flaw
        // The signature is the last member.
        json = event.json.dropLast(130) + [UInt8](signature.utf8) + [UInt8](#""}"#.utf8)
    }

    /// The same event with a signature that is none.
    var forged: SimulatedEvent {
        SimulatedEvent(self, under: String(repeating: "0", count: 128), flaw: .signature)
    }

    /// The same event under another signature that is as good; one with a flaw as it is.
    var resigned: SimulatedEvent {
        guard isValid else { return self }
        return SimulatedEvent(self, under: id.hex + Hex.encode(id.bytes.reversed()), flaw: nil)
    }

    /// What stands for the verification of a signature.
    @Sendable static func isAuthentic(_ event: ParsedEvent) -> Bool { isAuthentic(event.signature, of: event.id) }

    /// The same of what is stored.
    static func isAuthentic(_ signature: Signature, of id: EventID) -> Bool {
        signature.first == id && (signature.second == id || signature.second.bytes == id.bytes.reversed())
    }
}

extension Filter {
    /// Whether it asks for an event.
    func asks(for event: SimulatedEvent) -> Bool {
        if let since, event.createdAt < since.seconds { return false }
        if let until, event.createdAt > until.seconds { return false }
        return asks(forKindOf: event) && authors?.contains(event.pubkey) ?? true && ids?.contains(event.id) ?? true
    }

    /// Whether it asks for events of that kind.
    func asks(forKindOf event: SimulatedEvent) -> Bool { kinds?.contains(event.kind) ?? true }
}
