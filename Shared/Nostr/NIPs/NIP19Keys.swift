public import Crypto

// NIP-19: bech32-encoded entities, here the two bare keys. https://github.com/nostr-protocol/nips/blob/master/19.md

/// Keys as people write them.
public enum NIP19Keys {
    /// The public key in a text: 64 hex characters of either case, or `npub1...`.
    ///
    /// A secret key is refused by name, so that the caller can warn its owner; it must never be logged or stored.
    public static func publicKey(_ text: String) throws(KeyError) -> PublicKey {
        if let key = hexKey(text) { return key }
        let (prefix, bytes) = try Bech32.decode(text)
        if prefix == "nsec" { throw .secretRefused }
        guard prefix == "npub" else { throw .wrongPrefix }
        guard let key = PublicKey(bytes) else { throw .badLength }
        return key
    }

    /// The secret key in a text: 64 hex characters of either case, or `nsec1...` (`NOSTR_PRIVATE_KEY`).
    public static func secretKey(_ text: String) throws(KeyError) -> SecretKey {
        guard let key = SecretKey(try secretBytes(text)) else { throw .outOfRange }
        return key
    }

    /// `npub1...` of a public key.
    public static func npub(_ key: PublicKey) -> String { Bech32.encode(prefix: "npub", key.bytes) }

    /// `nsec1...` of a secret key: for the one place that hands a new key to its owner, never for logs.
    public static func nsec(_ key: SecretKey) -> String { Bech32.encode(prefix: "nsec", key.secretBytes.bytes) }

    private static func secretBytes(_ text: String) throws(KeyError) -> Bytes32 {
        if let bytes = hexKey(text) { return bytes }
        let (prefix, bytes) = try Bech32.decode(text)
        guard prefix == "nsec" else { throw .wrongPrefix }
        guard let secret = Bytes32(bytes) else { throw .badLength }
        return secret
    }

    private static func hexKey(_ text: String) -> Bytes32? {
        text.utf8.count == 64 ? Bytes32(hex: text.lowercased()) : nil
    }
}
