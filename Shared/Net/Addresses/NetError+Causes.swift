import Glibc
import NIOCore
import NIOPosix
import NIOSSL

extension NetError {
    /// What a failed TCP connection to all addresses comes down to: the most telling of the failures.
    init(connecting error: any Error) {
        let causes = (error as? NIOConnectionError)?.connectionErrors.map(\.error) ?? [error]
        let errors = causes.map(Self.init(connectingOnce:))
        let order: [Kind] = [.connectionRefused, .connectFailed, .unreachable, .timeout]
        let telling = order.lazy.compactMap { kind in errors.first { $0.kind == kind } }.first
        self = telling ?? NetError(.connectFailed, .connect, "\(error)")
    }

    private init(connectingOnce error: any Error) {
        if case ChannelError.connectTimeout = error {
            self.init(.timeout, .connect)
            return
        }
        switch (error as? IOError)?.errnoCode {
        case ECONNREFUSED: self.init(.connectionRefused, .connect)
        case ENETUNREACH, EHOSTUNREACH, EADDRNOTAVAIL, EAFNOSUPPORT: self.init(.unreachable, .connect)
        case ETIMEDOUT: self.init(.timeout, .connect)
        default: self.init(.connectFailed, .connect, "\(error)")
        }
    }

    /// An error of a channel, at the step the connection had come to.
    /// `leaf` is the peer's certificate, as far as one arrived; `now` in seconds since 1970.
    init(channel error: any Error, at step: Step, leaf: NIOSSLCertificate?, now: Int) {
        if let error = error as? NetError {
            self = error
        } else if let error = error as? NIOSSLExtraError, error == .failedToValidateHostname {
            self.init(.hostnameMismatch, .tls)
        } else if case NIOSSLError.handshakeFailed(let reason) = error {
            self.init(handshake: reason, leaf: leaf, now: now)
        } else if case NIOSSLError.uncleanShutdown = error {
            self.init(.connectionLost, step, "closed without close_notify")
        } else if error is BoringSSLError || error is NIOSSLError || error is NIOSSLExtraError {
            self.init(step == .tls ? .tlsHandshake : .connectionLost, step, Self.reason(of: error))
        } else {
            self.init(.connectionLost, step, (error as? IOError).map { "errno \($0.errnoCode)" } ?? "\(error)")
        }
    }

    /// The library says of a bad certificate only that verification failed; its dates tell whether time is the reason.
    private init(handshake error: BoringSSLError, leaf: NIOSSLCertificate?, now: Int) {
        let reason = Self.reason(of: error)
        guard reason.contains("CERTIFICATE_VERIFY_FAILED") else {
            self.init(.tlsHandshake, .tls, reason)
            return
        }
        if let leaf, Int(leaf.notValidAfter) < now {
            self.init(.certificateExpired, .tls)
        } else if let leaf, Int(leaf.notValidBefore) > now {
            self.init(.certificateNotYetValid, .tls)
        } else {
            self.init(.certificateUntrusted, .tls)
        }
    }

    /// "WRONG_VERSION_NUMBER" out of "error:100000f7:SSL routines:OPENSSL_internal:WRONG_VERSION_NUMBER at /...".
    private static func reason(of error: any Error) -> String {
        let words = "\(error)".split(separator: ":").flatMap { $0.split(separator: " ") }
        let isReason = { (word: Substring) in
            word.utf8.count > 4 && word.utf8.allSatisfy { $0 == UInt8(ascii: "_") || (0x41...0x5A).contains($0) }
        }
        return words.first(where: isReason).map { String($0) } ?? "\(error)"
    }
}
