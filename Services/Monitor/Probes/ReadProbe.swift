import Database
import Nostr
import RelayClient
import ServiceKit

/// Asks for one event. EOSE is the answer that counts: an empty relay is readable.
struct ReadProbe: Sendable {
    let clock: MonotonicClock

    /// Most events taken of a relay that does not mind the limit of one.
    private static let mostEvents = 20

    /// Makes the request, within a time.
    /// - Throws: `CancellationError`.
    func run(on connection: RelayConnection, within limit: Duration) async throws -> ReadResult {
        var limits = SubscriptionLimits()
        limits.maxEvents = Self.mostEvents
        (limits.progressTimeout, limits.totalTimeout) = (limit, limit)
        let start = clock.now()
        var result = ReadResult(duration: .zero, end: .cancelled)
        do {
            let subscription = try await connection.subscribe([Filter(limit: 1)], limits: limits)
            while true {
                let item = try await subscription.next()
                if result.roundTrip == nil, item.isAnswer { result.roundTrip = clock.now() - start }
                if case .events(let chunk) = item { result.events += chunk.ranges.count }
                guard case .end(let end) = item else { continue }
                result.end = end
                break
            }
        } catch let error as RelayError {
            result.end = .broken(error)
        }
        try Task.checkCancellation()
        result.duration = clock.now() - start
        let statistics = await connection.statistics()
        result.wasChallenged = statistics.challengeCount > 0
        result.notices = statistics.noticeCount
        return result
    }
}

/// How a request was answered.
struct ReadResult: Sendable, Equatable {
    /// From the request to its end.
    var duration: Duration
    /// From the request to the first answer; nil without one.
    var roundTrip: Duration?
    /// How it ended.
    var end: SubscriptionEnd
    /// Events that came.
    var events = 0
    /// NOTICEs that came.
    var notices = 0
    /// The relay sent an AUTH challenge (NIP-42).
    var wasChallenged = false

    /// It ended in EOSE.
    var isSuccess: Bool { if case .eose = end { true } else { false } }

    /// Whether anything came that only a relay says.
    var hasSpoken: Bool { roundTrip != nil || notices > 0 || wasChallenged }

    /// Whether the relay refused because of who asks, or asked who it is: "required", "challenged" or nil.
    var authentication: String? {
        if case .closed(.authRequired, _) = end { return "required" }
        return wasChallenged ? "challenged" : nil
    }

    /// Why it is no success: how the request ended; nil when it is one.
    var reason: String? {
        switch end {
        case .eose: nil
        case .closed(let prefix, _):
            prefix.map { "closed_" + $0.rawValue.map { $0 == "-" ? "_" : String($0) }.joined() } ?? "closed"
        case .timedOut(let kind): kind.rawValue
        case .broken(let error): error.kind
        case .overBudget: "over_budget"
        case .cancelled: "cancelled"
        }
    }

    /// As it is stored.
    var document: JSONValue {
        ProbeDocument.make(
            isSuccess, duration, reason,
            [("events", .integer(events)), ("auth", authentication.map(JSONValue.string))])
    }
}

extension SubscriptionItem {
    /// Whether it says that the relay sent something.
    fileprivate var isAnswer: Bool {
        switch self {
        case .events, .caughtUp, .end(.eose), .end(.closed): true
        case .end: false
        }
    }
}
