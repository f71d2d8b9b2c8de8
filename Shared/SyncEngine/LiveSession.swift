internal import Nostr
internal import RelayClient

/// One real connection.
struct LiveSession: RelaySession {
    let connection: RelayConnection

    func page(_ filter: Filter, budget: PageBudget) async throws -> RawPage {
        let subscription: Subscription
        do {
            subscription = try await connection.subscribe([filter], limits: SubscriptionLimits(budget))
        } catch {
            return RawPage(chunks: [], ending: .inconclusive(.disconnected), failure: error.kind)
        }
        var chunks: [EventChunk] = []
        while true {
            switch try await subscription.next() {
            case .events(let chunk): chunks.append(chunk)
            case .caughtUp: break
            case .end(let end):
                await subscription.close()
                return RawPage(chunks: chunks, ending: PageEnding(end), failure: end.failure)
            }
        }
    }

    func close() async { await connection.close() }
}

extension SubscriptionLimits {
    fileprivate init(_ budget: PageBudget) {
        self.init()
        maxEvents = budget.events
        maxBytes = budget.bytes
        progressTimeout = budget.progressTimeout
        totalTimeout = budget.totalTimeout
    }
}

extension SubscriptionEnd {
    /// Why the connection broke, where it did.
    var failure: String? {
        if case .broken(let error) = self { error.kind } else { nil }
    }
}

extension PageEnding {
    fileprivate init(_ end: SubscriptionEnd) {
        self =
            switch end {
            case .eose(let hint): .conclusive(hint: hint)
            case .closed(let prefix, _): .inconclusive(InconclusiveReason(prefix))
            case .timedOut: .inconclusive(.timedOut)
            case .broken(let error): .inconclusive(InconclusiveReason(error))
            case .cancelled: .inconclusive(.disconnected)
            case .overBudget: .inconclusive(.overBudget)
            }
    }
}

extension InconclusiveReason {
    /// What a CLOSED prefix means (NIP-01, NIP-42).
    init(_ prefix: ReasonPrefix?) {
        self =
            switch prefix {
            case .authRequired: .authRequired
            case .restricted, .blocked, .mute: .restricted
            case .rateLimited: .rateLimited
            default: .closed
            }
    }

    /// What a broken connection means. One answer larger than a message may be: fewer events a page do not help, but
    /// the interval gets its reason.
    init(_ error: RelayError) {
        self = error.kind == "message_too_large" ? .overBudget : .disconnected
    }
}
