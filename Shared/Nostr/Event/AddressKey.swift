public import Crypto

/// Which one of its author's replaceable things an event is a version of: the first 16 bytes of SHA-256 of the text
/// `kind:pubkey:d` (NIP-01, Kinds; the address of `a` tags).
public struct AddressKey: Hashable, Sendable {
    /// The 16 bytes.
    public let bytes: [UInt8]

    /// A key read back from where it was stored; nil unless there are exactly 16 bytes.
    public init?(_ bytes: [UInt8]) {
        guard bytes.count == 16 else { return nil }
        self.bytes = bytes
    }

    /// The key of a kind, an author and a `d` value in UTF-8; nil for kinds of which every event is kept.
    ///
    /// A replaceable kind (0, 3, 10000-19999) has no `d`: it is taken as empty. An addressable one (30000-39999)
    /// without the tag equals one with an empty value.
    public init?(kind: UInt16, pubkey: PublicKey, d: [UInt8]) {
        guard let kindClass = Self.kindClass(kind) else { return nil }
        var text: [UInt8] = []
        Decimal.append(Int64(kind), to: &text)
        text.append(UInt8(ascii: ":"))
        pubkey.withUnsafeBytes { Hex.append($0, to: &text) }
        text.append(UInt8(ascii: ":"))
        if kindClass == .addressable { text.append(contentsOf: d) }
        bytes = Array(SHA256.hash(text).bytes.prefix(16))
    }

    enum KindClass { case replaceable, addressable }

    /// How a kind is replaced; nil when it is not. Kind 41 is regular by the text, whatever some relays do.
    static func kindClass(_ kind: UInt16) -> KindClass? {
        switch kind {
        case 0, 3, 10_000...19_999: .replaceable
        case 30_000...39_999: .addressable
        default: nil
        }
    }
}
