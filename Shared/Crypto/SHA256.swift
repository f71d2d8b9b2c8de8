internal import COpenSSL

/// SHA-256 over OpenSSL with one context used again and again: creating a context and looking the algorithm up cost
/// as much as hashing a short message.
///
/// Sendable is declared by hand because OpenSSL's pointers are not: the value cannot be copied, so it owns its context
/// alone, every use needs exclusive access (all methods mutate), and OpenSSL ties a digest context to no thread.
public struct SHA256Hasher: ~Copyable, @unchecked Sendable {
    private let algorithm: OpaquePointer
    private let context: OpaquePointer

    /// A hasher that has seen no bytes. Traps when OpenSSL has no memory or no SHA-256: nothing works then.
    public init() {
        guard let algorithm = EVP_MD_fetch(nil, "SHA256", nil), let context = EVP_MD_CTX_new(),
            EVP_DigestInit_ex2(context, algorithm, nil) == 1
        else { preconditionFailure("OpenSSL offers no SHA-256") }
        self.algorithm = algorithm
        self.context = context
    }

    deinit {
        EVP_MD_CTX_free(context)
        EVP_MD_free(algorithm)
    }

    /// Adds bytes to the message.
    public mutating func update(_ bytes: UnsafeRawBufferPointer) {
        guard let start = bytes.baseAddress, !bytes.isEmpty else { return }
        precondition(EVP_DigestUpdate(context, start, bytes.count) == 1, "a digest update cannot fail")
    }

    /// The hash of all bytes since the last call; the hasher starts a new message.
    public mutating func finalize() -> Bytes32 {
        let value = Bytes32 { buffer in
            var count: UInt32 = 0
            precondition(EVP_DigestFinal_ex(context, buffer.baseAddress, &count) == 1 && count == 32)
        }
        precondition(EVP_DigestInit_ex2(context, nil, nil) == 1, "a digest context can be used again")
        return value
    }
}

/// SHA-256 of a message at hand (FIPS 180-4).
public enum SHA256 {
    /// The hash of the bytes.
    public static func hash(_ bytes: [UInt8]) -> Bytes32 { bytes.withUnsafeBytes { hash($0) } }

    /// The hash of the bytes in memory.
    public static func hash(_ bytes: UnsafeRawBufferPointer) -> Bytes32 { digest(bytes, EVP_sha256()) }
}

/// SHA3-256 of a message at hand (FIPS 202); onion addresses carry a checksum made with it.
public enum SHA3 {
    /// The 256-bit hash of the bytes.
    public static func hash256(_ bytes: [UInt8]) -> Bytes32 { bytes.withUnsafeBytes { digest($0, EVP_sha3_256()) } }
}

/// One message through one of OpenSSL's digests of 32 bytes.
private func digest(_ bytes: UnsafeRawBufferPointer, _ algorithm: OpaquePointer?) -> Bytes32 {
    Bytes32 { buffer in
        var count: UInt32 = 0
        let done = EVP_Digest(bytes.baseAddress, bytes.count, buffer.baseAddress, &count, algorithm, nil)
        precondition(done == 1 && count == 32, "OpenSSL offers this digest")
    }
}
