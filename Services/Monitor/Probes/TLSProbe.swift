import Database
import Net
import Nostr
import ServiceKit

/// Looks at what a relay's host shows in TLS, whether or not it verifies: a handshake of its own that says nothing.
struct TLSProbe: Sendable {
    let inspector: TLSInspector
    let clock: MonotonicClock

    /// Makes the handshake, within a time.
    /// - Parameter address: where to connect; nil means that the name is resolved.
    /// - Throws: `CancellationError`.
    func run(
        _ url: RelayURL, at address: ResolvedAddress?, proxy: ProxySettings?, within limit: Duration
    ) async throws -> TLSResult {
        let start = clock.now()
        let endpoint = Endpoint(isSecure: true, host: url.host, port: url.port)
        var result = TLSResult(duration: .zero)
        do throws(NetError) {
            result.facts = try await inspector.inspect(endpoint, at: address, proxy: proxy, within: limit)
            result.reason = result.facts?.refusal?.rawValue
            result.detail = result.facts?.refusalText
        } catch {
            (result.reason, result.detail) = (error.kind.rawValue, error.detail.isEmpty ? nil : error.detail)
        }
        try Task.checkCancellation()
        result.duration = clock.now() - start
        return result
    }
}

/// What a host showed.
struct TLSResult: Sendable, Equatable {
    /// Of the whole look, connecting included.
    var duration: Duration
    /// What was shown; nil without a handshake.
    var facts: TLSFacts?
    /// Why there was no handshake, or why its certificate does not verify: a kind of `NetError`.
    var reason: String?
    /// The library's words for it.
    var detail: String?

    /// There was a handshake, and its certificate verifies for this host.
    var isSuccess: Bool { facts?.isVerified == true }

    /// As it is stored: the server's own certificate by its fields, and the chain, itself included, in short.
    var document: JSONValue {
        let leaf = facts?.chain.first
        return ProbeDocument.make(
            isSuccess, duration, reason,
            [
                ("detail", detail.map(JSONValue.string)), ("verified", facts.map { .bool($0.isVerified) }),
                ("version", facts.map { .string($0.version) }), ("cipher", facts.map { .string($0.cipher) }),
                ("subject", leaf.map { .string($0.subject) }), ("issuer", leaf.map { .string($0.issuer) }),
                ("not_before", leaf?.notBefore.map { .integer($0) }),
                ("not_after", leaf?.notAfter.map { .integer($0) }),
                ("names", leaf.map { .array($0.names.map(JSONValue.string)) }),
                ("name_count", leaf.map { .integer($0.nameCount) }),
                ("fingerprint", leaf.map { .string($0.fingerprint) }),
                ("chain", facts.map { .array($0.chain.map(Self.link)) }),
                ("chain_count", facts.map { .integer($0.chainCount) }),
            ])
    }

    private static func link(_ certificate: TLSCertificateFacts) -> JSONValue {
        let members: [(String, JSONValue?)] = [
            ("subject", .string(certificate.subject)), ("issuer", .string(certificate.issuer)),
            ("not_after", certificate.notAfter.map { .integer($0) }),
            ("fingerprint", .string(certificate.fingerprint)),
        ]
        return .object(members.compactMap { name, value in value.map { .init(name, $0) } })
    }
}
