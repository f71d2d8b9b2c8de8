import CCurl
import Glibc

/// Tells what a failed transfer failed of.
struct CurlFailure {
    private let easy: UnsafeMutableRawPointer
    private let message: String
    private let refused: AddressClass?

    init(_ easy: UnsafeMutableRawPointer, _ message: UnsafePointer<CChar>, _ refused: AddressClass?) {
        self.easy = easy
        self.message = String(cString: message)
        self.refused = refused
    }

    /// The error of a code, with what the handle knows besides.
    func error(_ code: CURLcode) -> FetchError {
        switch code {
        case CURLE_OPERATION_TIMEDOUT: FetchError(message.contains("too slow") ? .tooSlow : .timeout, message)
        case CURLE_COULDNT_CONNECT: connecting
        case CURLE_PEER_FAILED_VERIFICATION: certificate
        case CURLE_PROXY: proxy
        default: FetchError(Self.kinds[code.rawValue] ?? .failed, message.isEmpty ? "curl \(code.rawValue)" : message)
        }
    }

    private static let kinds: [UInt32: FetchError.Kind] = [
        CURLE_URL_MALFORMAT.rawValue: .badURL,
        CURLE_COULDNT_RESOLVE_HOST.rawValue: .nameNotFound,
        CURLE_COULDNT_RESOLVE_PROXY.rawValue: .nameNotFound,
        CURLE_SSL_CONNECT_ERROR.rawValue: .tlsHandshake,
        CURLE_SSL_CIPHER.rawValue: .tlsHandshake,
        CURLE_SSL_CACERT_BADFILE.rawValue: .trustRoots,
        CURLE_FILESIZE_EXCEEDED.rawValue: .bodyTooLarge,
        // A head line without an end outgrows libcurl's own buffer; 100 is the name that newer versions give it.
        CURLE_OUT_OF_MEMORY.rawValue: .headersTooLarge,
        100: .headersTooLarge,
        CURLE_BAD_CONTENT_ENCODING.rawValue: .badEncoding,
        CURLE_WRITE_ERROR.rawValue: .badEncoding,
        CURLE_UNSUPPORTED_PROTOCOL.rawValue: .protocolViolation,
        CURLE_WEIRD_SERVER_REPLY.rawValue: .protocolViolation,
        CURLE_HTTP2.rawValue: .protocolViolation,
        CURLE_HTTP2_STREAM.rawValue: .protocolViolation,
        CURLE_PARTIAL_FILE.rawValue: .connectionLost,
        CURLE_GOT_NOTHING.rawValue: .connectionLost,
        CURLE_SEND_ERROR.rawValue: .connectionLost,
        CURLE_RECV_ERROR.rawValue: .connectionLost,
    ]

    private var connecting: FetchError {
        if let refused { return FetchError(.addressForbidden, refused.rawValue) }
        switch Int32(truncatingIfNeeded: number(CURLINFO_OS_ERRNO)) {
        case ECONNREFUSED: return FetchError(.connectionRefused)
        case ENETUNREACH, EHOSTUNREACH, EADDRNOTAVAIL, EAFNOSUPPORT: return FetchError(.unreachable)
        default: return FetchError(.connectFailed, message)
        }
    }

    /// The numbers are OpenSSL's X509_V_ERR: 9 not yet valid, 10 expired, 62 another host, 64 another address. libcurl
    /// compares names itself, before it asks OpenSSL for a number, and says so in words.
    private var certificate: FetchError {
        switch number(CURLINFO_SSL_VERIFYRESULT) {
        case 9: FetchError(.certificateNotYetValid)
        case 10: FetchError(.certificateExpired)
        case 62, 64: FetchError(.hostnameMismatch)
        case _ where message.contains("subject name"): FetchError(.hostnameMismatch)
        default: FetchError(.certificateUntrusted, message)
        }
    }

    private var proxy: FetchError {
        let code = UInt32(truncatingIfNeeded: number(CURLINFO_PROXY_ERROR))
        switch code {
        case CURLPX_NO_AUTH.rawValue, CURLPX_USER_REJECTED.rawValue: return FetchError(.proxyAuthentication, message)
        case CURLPX_REPLY_ADDRESS_TYPE_NOT_SUPPORTED.rawValue...CURLPX_REQUEST_FAILED.rawValue:
            return FetchError(.proxyRefused, message)
        default: return FetchError(.proxyProtocol, message)
        }
    }

    private func number(_ info: CURLINFO) -> Int {
        var value = 0
        return ccurl_get_long(easy, info, &value) == CURLE_OK ? value : 0
    }
}
