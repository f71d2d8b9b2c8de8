import CSSL

/// Whom an inspection compares certificates with: OpenSSL's context, made once and shared.
final class TLSTrust: Sendable {
    /// Certificates of one handshake, all together.
    static let mostChainBytes = 100 << 10

    // Safe, because a context is not changed any more once it is made, and the library counts and locks what sessions
    // share of it.
    nonisolated(unsafe) let context: OpaquePointer

    /// The system's authorities, and those of a file.
    /// - Throws: `trust_roots`.
    init(_ settings: TLSSettings) throws(NetError) {
        guard let context = SSL_CTX_new(TLS_client_method()) else { throw NetError(.trustRoots, .tls, "no memory") }
        self.context = context
        SSL_CTX_set_verify(context, SSL_VERIFY_NONE, nil)
        SSL_CTX_set_default_verify_paths(context)
        cssl_set_most_chain_bytes(context, Self.mostChainBytes)
        // As whoever opens a WebSocket: RFC 7301, "http/1.1" behind its length.
        let protocols: [UInt8] = [8] + Array("http/1.1".utf8)
        SSL_CTX_set_alpn_protos(context, protocols, UInt32(protocols.count))
        if let caFile = settings.caFile, SSL_CTX_load_verify_file(context, caFile) != 1 {
            throw NetError(.trustRoots, .tls, caFile)
        }
    }

    deinit { SSL_CTX_free(context) }
}
