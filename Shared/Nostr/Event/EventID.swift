public import Crypto

/// SHA-256 of an event's canonical form: 32 bytes (NIP-01).
public typealias EventID = Bytes32

/// The x coordinate of an author's secp256k1 key: 32 bytes (NIP-01, BIP-340).
public typealias PublicKey = Bytes32

/// A BIP-340 signature over an event id: 64 bytes (NIP-01).
public typealias Signature = Bytes64

/// How the writer of an event spelled control characters in the text that the id is made of.
///
/// NIP-01 names seven escapes and leaves the rest open, so three families of software hash different bytes for the
/// same strings. An archive must hold the events of all of them. The numbers are stored.
public enum IDDialect: Int16, Sendable, CaseIterable {
    /// Every control byte below 0x20 is escaped as JSON demands, 0x7F stays raw: JavaScript, Go, serde.
    case json = 0
    /// As `json`, and 0x7F is written `\u007f`: strfry.
    case del = 1
    /// Only the seven escapes of NIP-01, all other control bytes raw: the letter of the text.
    case raw = 2
}
