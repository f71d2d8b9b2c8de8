import Database
import Net
import Nostr
import RelayClient
import ServiceKit
import Settings

/// One check of one relay: its probes in order, each within its own time and all within the check's.
struct RelayCheck: Sendable {
    let dialer: RelayDialer
    let fetcher: (any DocumentFetcher)?
    let settings: CheckSettings
    let networks: NetworksSettings
    let clock: MonotonicClock
    /// Absent where relays are not written to.
    var writer: WriteProbe?
    /// What is asked about the host itself.
    var host = HostProbes()
    /// Levels of JSON in an information document.
    var jsonDepth = LimitsSettings().jsonDepth

    /// Checks a relay.
    /// - Parameter isLight: only whether it is there: a connection, and an answer to a request.
    /// - Throws: `CancellationError`; whatever a relay does wrong is in the report.
    func run(_ url: RelayURL, isLight: Bool = false) async throws -> CheckReport {
        let end = clock.now() + settings.timeout.duration
        let (open, connection) = try await OpenProbe(dialer: dialer, clock: clock)
            .run(url, within: min(networks[url.network].timeout.duration, settings.timeout.duration))
        let address = connection.flatMap { $0.isProxied ? nil : $0.remoteAddress }
        async let others = isLight ? Others() : others(of: url, open, at: address, until: end)
        var report = CheckReport(open: open, isLight: isLight)
        report.address = url.network == .local ? nil : address
        if let connection {
            do {
                report.read = try await ReadProbe(clock: clock)
                    .run(on: connection, within: left(settings.readTimeout, until: end))
                // On a connection that is over nothing is tried.
                if let writer, !isLight, await connection.ending() == nil {
                    report.write = try await writer.run(
                        url, on: connection, within: left(settings.write.timeout, until: end))
                }
            } catch {
                await connection.close()
                throw error
            }
            await connection.close()
        }
        (report.host, report.nip11) = try await (others.host, others.nip11)
        return report
    }

    /// What is found beside the request, on other roads to the same host.
    private struct Others: Sendable {
        var host = HostReport()
        var nip11: NIP11Result?
    }

    /// One after the other: no relay has more than two connections of ours at a time, and memory is taken for no more.
    private func others(
        of url: RelayURL, _ open: OpenResult, at address: ResolvedAddress?, until end: Duration
    ) async throws -> Others {
        let host = try await host.run(url, open, at: address) { left($0, until: end) }
        return Others(host: host, nip11: try await document(of: url, open, until: end))
    }

    /// Not asked for where no host was found to ask.
    private func document(
        of url: RelayURL, _ open: OpenResult, until end: Duration
    ) async throws -> NIP11Result? {
        guard let fetcher, open.hasReachedHost else { return nil }
        var limits = NIP11Document.Limits()
        (limits.bytes, limits.depth) = (settings.nip11Bytes.bytes, jsonDepth)
        return try await NIP11Probe(fetcher: fetcher, clock: clock, limits: limits, redirects: settings.nip11Redirects)
            .run(url, within: left(settings.nip11Timeout, until: end))
    }

    /// What is left of a probe's time; never nothing, so that a check which is late fails by its probes' own words.
    private func left(_ most: Seconds, until end: Duration) -> Duration {
        min(most.duration, max(end - clock.now(), .milliseconds(100)))
    }
}
