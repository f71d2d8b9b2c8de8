import Database
import Nostr
import RelayClient
import ServiceKit

/// Sends an event of ours. OK is the answer that counts, true or false.
///
/// Nothing is left behind: the kind is ephemeral (NIP-01), so relays keep it nowhere, and for those that do not know
/// that it expires within a minute (NIP-40).
struct WriteProbe: Sendable {
    /// In the range of ephemeral kinds, and no NIP's.
    static let kind: UInt16 = 20_166
    /// Seconds until it has expired.
    private static let life: Int64 = 60

    let signer: EventSigner
    let time: DatabaseClock
    let mostBits: Int
    let clock: MonotonicClock

    /// Sends the event, and once more with work when the relay asks for some, all within a time.
    /// - Returns: nil when the time of day is not known yet.
    /// - Throws: `CancellationError`.
    func run(_ url: RelayURL, on connection: RelayConnection, within limit: Duration) async throws -> WriteResult? {
        guard let now = time.now() else { return nil }
        let event = Self.event(for: url, at: now)
        let start = clock.now()
        var result = try await send(try await signer.sign(event), on: connection, within: limit)
        if let bits = result.demandedBits, bits <= mostBits {
            let left = limit - (clock.now() - start)
            // Work that lasts too long is given up, and the refusal stands.
            if let worked = try await work(event, bits, within: left) {
                let rest = max(limit - (clock.now() - start), .milliseconds(100))
                result = try await send(worked, on: connection, within: rest)
                result.demandedBits = bits
            }
        }
        result.duration = clock.now() - start
        return result
    }

    /// What is sent.
    static func event(for url: RelayURL, at now: UnixTime) -> UnsignedEvent {
        let tags = [
            ["relay", url.text], ["expiration", String(now.seconds + life)],
            ["alt", "A relay monitor asks whether this relay takes events (NIP-66)"],
        ]
        return UnsignedEvent(createdAt: now, kind: kind, tags: tags)
    }

    private func send(
        _ event: Event, on connection: RelayConnection, within limit: Duration
    ) async throws -> WriteResult {
        let start = clock.now()
        let end = try await connection.publish(event, timeout: limit)
        return WriteResult(duration: .zero, end: end, answeredAfter: clock.now() - start)
    }

    private func work(_ event: UnsignedEvent, _ bits: Int, within limit: Duration) async throws -> Event? {
        try await withThrowingTaskGroup(of: Event?.self) { group in
            group.addTask { do { return try await signer.sign(event, bits: bits) } catch { return nil } }
            group.addTask {
                try? await clock.sleep(for: limit)
                return nil
            }
            defer { group.cancelAll() }
            let event = try await group.next() ?? nil
            try Task.checkCancellation()
            return event
        }
    }
}

/// How an event of ours was answered.
struct WriteResult: Sendable, Equatable {
    /// Of everything, work included.
    var duration: Duration
    /// From the event to its OK; nil without one.
    var roundTrip: Duration?
    /// What the relay said.
    var end: PublicationEnd
    /// Bits of work that it asked for; nil when it did not.
    var demandedBits: Int?

    init(duration: Duration, end: PublicationEnd, answeredAfter roundTrip: Duration?) {
        self.duration = duration
        self.end = end
        switch end {
        case .accepted, .refused: self.roundTrip = roundTrip
        case .unanswered, .broken, .cancelled: self.roundTrip = nil
        }
        if case .refused(.pow?, let message) = end { demandedBits = NIP13ProofOfWork.demand(in: message) }
    }

    /// OK true.
    var isSuccess: Bool { if case .accepted = end { true } else { false } }

    /// Whether the relay said anything.
    var hasSpoken: Bool { roundTrip != nil }

    /// Why it is not writable for us, in snake_case; nil when it is.
    var reason: String? {
        switch end {
        case .accepted: nil
        case .refused(.authRequired?, _): "auth_required"
        case .refused(let prefix, _):
            "refused" + (prefix.map { "_" + $0.rawValue.map { $0 == "-" ? "_" : String($0) }.joined() } ?? "")
        case .unanswered: "unanswered"
        case .broken(let error): error.kind
        case .cancelled: "cancelled"
        }
    }

    /// As it is stored.
    var document: JSONValue {
        var message: String?
        if case .refused(_, let text) = end, !text.isEmpty { message = text }
        return ProbeDocument.make(
            isSuccess, duration, reason,
            [("pow", demandedBits.map { .integer($0) }), ("message", message.map(JSONValue.string))])
    }
}
