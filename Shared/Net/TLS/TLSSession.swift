import CSSL

/// The client's side of one handshake in memory: bytes in, bytes out, nothing of an application ever.
///
/// The certificate is verified, and the handshake goes on whatever that says.
final class TLSSession {
    /// What to do after bytes came.
    enum Step: Equatable {
        /// Wait for more.
        case wait
        /// The handshake is over, and this is what it showed.
        case done(TLSFacts)
        /// There will be none; the library's own word for why.
        case failed(String)
    }

    private let session: OpaquePointer
    /// Owned by the session.
    private let (incoming, outgoing): (OpaquePointer, OpaquePointer)
    private let mostCertificates: Int

    /// nil without memory.
    init?(_ context: OpaquePointer, host: String, mostCertificates: Int) {
        guard let session = SSL_new(context) else { return nil }
        guard let incoming = BIO_new(BIO_s_mem()), let outgoing = BIO_new(BIO_s_mem()) else {
            SSL_free(session)
            return nil
        }
        SSL_set_bio(session, incoming, outgoing)
        SSL_set_connect_state(session)
        self.session = session
        (self.incoming, self.outgoing) = (incoming, outgoing)
        self.mostCertificates = mostCertificates
        let rules = SSL_get0_param(session)
        if ResolvedAddress(literal: host) == nil {
            // A name may end in a dot, the certificate's does not.
            let name = host.hasSuffix(".") ? String(host.dropLast()) : host
            _ = cssl_set_server_name(session, name)
            X509_VERIFY_PARAM_set1_host(rules, name, 0)
        } else {
            // An address literal is no server name (RFC 6066, 3); the certificate must hold the address then.
            X509_VERIFY_PARAM_set1_ip_asc(rules, host)
        }
    }

    deinit { SSL_free(session) }

    /// Takes bytes of the peer, none to begin with.
    func feed(_ bytes: UnsafeRawBufferPointer) -> Step {
        if let start = bytes.baseAddress, !bytes.isEmpty {
            guard BIO_write(incoming, start, Int32(clamping: bytes.count)) == Int32(clamping: bytes.count) else {
                return .failed("no memory")
            }
        }
        ERR_clear_error()
        let result = SSL_do_handshake(session)
        if result == 1 { return .done(facts()) }
        let error = SSL_get_error(session, result)
        return error == SSL_ERROR_WANT_READ || error == SSL_ERROR_WANT_WRITE ? .wait : .failed(Self.reason())
    }

    /// The bytes that the peer is waiting for.
    func takeOutgoing() -> [UInt8] {
        var bytes: [UInt8] = []
        var piece = [UInt8](repeating: 0, count: 4_096)
        while true {
            let count = BIO_read(outgoing, &piece, Int32(piece.count))
            guard count > 0 else { return bytes }
            bytes += piece.prefix(Int(count))
        }
    }

    private func facts() -> TLSFacts {
        var facts = TLSFacts()
        facts.version = String(cString: SSL_get_version(session))
        facts.cipher = cssl_cipher(session).map { String(cString: $0) } ?? ""
        facts.chainCount = max(0, Int(cssl_chain_count(session)))
        facts.chain = (0..<min(facts.chainCount, mostCertificates)).compactMap { index in
            cssl_chain_certificate(session, Int32(index)).map { TLSCertificateFacts($0) }
        }
        let verdict = SSL_get_verify_result(session)
        facts.refusal = Self.refusal(verdict)
        if facts.refusal != nil { facts.refusalText = String(cString: X509_verify_cert_error_string(verdict)) }
        return facts
    }

    /// The numbers are OpenSSL's X509_V_ERR: 9 not yet valid, 10 expired, 62 another host, 64 another address.
    private static func refusal(_ verdict: Int) -> NetError.Kind? {
        switch verdict {
        case 0: nil
        case 9: .certificateNotYetValid
        case 10: .certificateExpired
        case 62, 64: .hostnameMismatch
        default: .certificateUntrusted
        }
    }

    private static func reason() -> String {
        let code = ERR_get_error()
        guard code != 0, let text = ERR_reason_error_string(code) else { return "handshake failed" }
        return String(cString: text)
    }
}
