import Database
import Nostr
import RelayClient
import ServiceKit

/// Opens a WebSocket: name, TCP, TLS and upgrade together, as every client has to.
struct OpenProbe: Sendable {
    let dialer: RelayDialer
    let clock: MonotonicClock

    /// Opens a connection, within a time that covers every step.
    /// - Returns: how it went, and the connection when there is one; the caller closes it.
    /// - Throws: `CancellationError`.
    func run(_ url: RelayURL, within limit: Duration) async throws -> (OpenResult, RelayConnection?) {
        let start = clock.now()
        do {
            let connection = try await dialer.connect(url, timeout: limit)
            return (OpenResult(duration: clock.now() - start), connection)
        } catch {
            try Task.checkCancellation()
            return (OpenResult(duration: clock.now() - start, reason: error.kind, step: error.step), nil)
        }
    }
}

/// How opening went.
struct OpenResult: Sendable, Equatable {
    /// To the accepted upgrade, or to the failure.
    var duration: Duration
    /// Kind of the failure, as `RelayError` has it.
    var reason: String?
    /// Where it failed: "resolve", "connect", "proxy", "tls", "upgrade".
    var step: String?

    /// It opened.
    var isSuccess: Bool { reason == nil }

    /// Whether there is a host that can be asked for more.
    var hasReachedHost: Bool { isSuccess || step == "tls" || step == "upgrade" }

    /// As it is stored.
    var document: JSONValue {
        ProbeDocument.make(isSuccess, duration, reason, [("step", step.map(JSONValue.string))])
    }
}
