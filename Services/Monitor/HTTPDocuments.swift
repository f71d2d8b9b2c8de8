import Net
import Nostr
import Settings

/// Information documents over HTTP, each by the road of its relay's network.
struct HTTPDocuments: DocumentFetcher {
    private let fetcher: HTTPFetcher
    private let routes: HTTPRoutes

    /// - Parameter mostTransfers: documents fetched at one time.
    /// - Throws: `FetchError` when the certificate authorities cannot be read.
    init(networks: NetworksSettings, tls: TLSSettings, mostTransfers: Int) throws {
        fetcher = try HTTPFetcher(
            guard: AddressGuard(allowsLocal: networks.local.enabled), tls: tls, mostTransfers: mostTransfers)
        routes = HTTPRoutes(networks: networks)
    }

    func document(of url: RelayURL, within bounds: DocumentBounds) async throws -> FetchedDocument {
        let address = NIP11Probe.address(of: url)
        var limits = HTTPLimits()
        (limits.bodyBytes, limits.redirects) = (bounds.bytes, bounds.redirects)
        (limits.connect, limits.total) = (bounds.time, bounds.time)
        do throws(FetchError) {
            let request = HTTPRequest(
                url: address, headers: [("Accept", NIP11Probe.mediaType), ("Origin", FetchedDocument.origin)],
                proxy: try routes.proxy(for: address), limits: limits)
            let answer = try await fetcher.fetch(request)
            return FetchedDocument(
                status: answer.status, body: answer.body, headers: answer.headers.telling,
                allowedOrigin: answer.headers.allowOrigin)
        } catch {
            throw DocumentFailure(kind: error.kind.rawValue)
        }
    }
}
