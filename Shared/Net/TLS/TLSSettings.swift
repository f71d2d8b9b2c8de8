import NIOCore
import NIOSSL

/// Whom a TLS connection trusts. Verification is always on.
public struct TLSSettings: Sendable, Equatable {
    /// PEM file of further roots, beside the system's: a private certificate authority.
    public var caFile: String?

    /// The system's roots, and those of a file when one is given.
    public init(caFile: String? = nil) { self.caFile = caFile }

    /// Loads the roots, which takes milliseconds: once a client, not once a connection.
    func context() throws(NetError) -> NIOSSLContext {
        var configuration = TLSConfiguration.makeClientConfiguration()
        configuration.certificateVerification = .fullVerification
        configuration.applicationProtocols = ["http/1.1"]
        configuration.shutdownTimeout = .seconds(1)
        if let caFile { configuration.additionalTrustRoots = [.file(caFile)] }
        do {
            return try NIOSSLContext(configuration: configuration)
        } catch {
            throw NetError(.trustRoots, .tls, "\(error)")
        }
    }
}
