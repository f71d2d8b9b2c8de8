internal import COpenSSL
internal import CSecp256k1

/// A secp256k1 key that signs by BIP-340. Its text form never shows the secret, and the memory is wiped with it.
public struct SecretKey: Sendable {
    private let pair: KeyPair

    /// The key with these 32 bytes; nil for zero and for the group order and above.
    public init?(_ bytes: Bytes32) {
        guard let pair = KeyPair(bytes) else { return nil }
        self.pair = pair
    }

    /// A new key from the system's randomness.
    public static func random() -> SecretKey {
        // One draw in 2^128 is out of range; the loop ends because a broken generator traps by itself.
        while true {
            if let bytes = Bytes32(SecureRandom.bytes(32)), let key = SecretKey(bytes) { return key }
        }
    }

    /// The x coordinate that others know this key by: 32 bytes.
    public var publicKey: Bytes32 { pair.publicKey }

    /// The 32 secret bytes, for the one place that writes them out (nsec); never for logs.
    public var secretBytes: Bytes32 { pair.secretBytes }

    /// Signs 32 bytes. `auxiliary` is BIP-340's extra randomness: fresh bytes when nil, given ones make it repeatable.
    public func sign(message: Bytes32, auxiliary: Bytes32? = nil) -> Bytes64 {
        message.withUnsafeBytes { sign(message: $0, auxiliary: auxiliary) }
    }

    /// Signs a message of any length, as BIP-340 allows since 2022; Nostr itself signs 32 bytes only.
    public func sign(message: UnsafeRawBufferPointer, auxiliary: Bytes32? = nil) -> Bytes64 {
        pair.sign(message, auxiliary: auxiliary?.bytes ?? SecureRandom.bytes(32))
    }
}

extension SecretKey: CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    /// Dots.
    public var description: String { "SecretKey(••••)" }
    /// Dots.
    public var debugDescription: String { description }
    /// Nothing to look into.
    public var customMirror: Mirror { Mirror(self, children: [:]) }
}

/// The library's form of secret and public key, in one place of memory that is wiped when the last copy goes.
private final class KeyPair: Sendable {
    // Written in init, wiped in deinit, only read between.
    private nonisolated(unsafe) let pair: UnsafeMutablePointer<secp256k1_keypair>
    let publicKey: Bytes32

    init?(_ bytes: Bytes32) {
        let pair = UnsafeMutablePointer<secp256k1_keypair>.allocate(capacity: 1)
        pair.initialize(to: secp256k1_keypair())
        let context = SigningContext.shared.pointer
        let isKey = bytes.withUnsafeBytes { raw in
            guard let start = raw.bindMemory(to: UInt8.self).baseAddress else { return false }
            return secp256k1_keypair_create(context, pair, start) == 1
        }
        var point = secp256k1_xonly_pubkey()
        guard isKey, secp256k1_keypair_xonly_pub(context, &point, nil, pair) == 1 else {
            pair.deallocate()
            return nil
        }
        self.pair = pair
        publicKey = Bytes32 { buffer in
            guard let start = buffer.baseAddress else { return }
            precondition(secp256k1_xonly_pubkey_serialize(context, start, &point) == 1, "a point has a text")
        }
    }

    deinit {
        OPENSSL_cleanse(pair, MemoryLayout<secp256k1_keypair>.size)
        pair.deallocate()
    }

    var secretBytes: Bytes32 {
        Bytes32 { buffer in
            guard let start = buffer.baseAddress else { return }
            precondition(secp256k1_keypair_sec(SigningContext.shared.pointer, start, pair) == 1, "a pair has a secret")
        }
    }

    func sign(_ message: UnsafeRawBufferPointer, auxiliary: [UInt8]) -> Bytes64 {
        var auxiliary = auxiliary
        var signature = [UInt8](repeating: 0, count: 64)
        let text = message.bindMemory(to: UInt8.self)
        let done = auxiliary.withUnsafeMutableBytes { random in
            var extra = secp256k1_schnorrsig_extraparams(
                magic: (0xDA, 0x6F, 0xB3, 0x8C), noncefp: nil, ndata: random.baseAddress)
            let context = SigningContext.shared.pointer
            return secp256k1_schnorrsig_sign_custom(context, &signature, text.baseAddress, text.count, pair, &extra)
        }
        guard done == 1, let value = Bytes64(signature) else { preconditionFailure("a valid key pair signs") }
        return value
    }
}

/// The context for everything that touches a secret: blinded once with random bytes against side channels.
private final class SigningContext: Sendable {
    static let shared = SigningContext()
    // Randomised in init, only read afterwards; libsecp256k1 allows shared reading.
    nonisolated(unsafe) let pointer: OpaquePointer

    private init() {
        guard let pointer = secp256k1_context_create(secp256k1Flags) else { preconditionFailure("out of memory") }
        precondition(secp256k1_context_randomize(pointer, SecureRandom.bytes(32)) == 1, "blinding cannot fail")
        self.pointer = pointer
    }
}
