internal import CSecp256k1

/// Checks BIP-340 signatures over libsecp256k1 (https://github.com/bitcoin/bips/blob/master/bip-0340.mediawiki).
///
/// One is enough for a process: the context is only read after it was made, and libsecp256k1 allows that from any
/// number of threads at once.
public final class SchnorrVerifier: Sendable {
    // Written once in init, freed in deinit, const for every call between: safe to share though the type says nothing.
    private nonisolated(unsafe) let context: OpaquePointer

    /// A verifier with a context of its own. (The library's static context is a C global, which strict Swift refuses.)
    public init() {
        guard let context = secp256k1_context_create(secp256k1Flags) else { preconditionFailure("out of memory") }
        self.context = context
    }

    deinit { secp256k1_context_destroy(context) }

    /// True when the signature is the key's over the 32-byte message; an x coordinate that is no point is false.
    ///
    /// Costs about 50 microseconds: check the event id first.
    public func isValid(signature: Bytes64, message: Bytes32, publicKey: Bytes32) -> Bool {
        message.withUnsafeBytes { isValid(signature: signature, message: $0, publicKey: publicKey) }
    }

    /// The same over a message of any length, as BIP-340 allows since 2022; Nostr itself signs 32 bytes only.
    public func isValid(signature: Bytes64, message: UnsafeRawBufferPointer, publicKey: Bytes32) -> Bool {
        var point = secp256k1_xonly_pubkey()
        let isPoint = publicKey.withUnsafeBytes { bytes in
            guard let start = bytes.bindMemory(to: UInt8.self).baseAddress else { return false }
            return secp256k1_xonly_pubkey_parse(context, &point, start) == 1
        }
        guard isPoint else { return false }
        let text = message.bindMemory(to: UInt8.self)
        return signature.withUnsafeBytes { bytes in
            guard let start = bytes.bindMemory(to: UInt8.self).baseAddress else { return false }
            return secp256k1_schnorrsig_verify(context, start, text.baseAddress, text.count, &point) == 1
        }
    }
}

/// The only flag that libsecp256k1 still knows for new contexts.
let secp256k1Flags: UInt32 = 1
