internal import Nostr
internal import RelayClient

extension InconclusiveReason {
    /// What a CLOSED prefix means (NIP-01, NIP-42).
    init(_ prefix: ReasonPrefix?) {
        self =
            switch prefix {
            case .authRequired: .authRequired
            case .restricted, .blocked, .mute: .restricted
            case .paymentRequired: .paymentRequired
            case .rateLimited: .rateLimited
            default: .closed
            }
    }

    /// What a broken connection means. One event larger than a message may be is passed over in the end.
    init(_ error: RelayError) {
        self = error.kind == "message_too_large" ? .overBudget : .disconnected
    }

    /// What an end means that is not EOSE; that one is no reason, and on a feed it is no end.
    init(_ end: SubscriptionEnd) {
        self =
            switch end {
            case .eose: .closed
            case .closed(let prefix, _): InconclusiveReason(prefix)
            case .timedOut(.rateLimited): .rateLimited
            case .timedOut: .timedOut
            case .broken(let error): InconclusiveReason(error)
            case .cancelled: .disconnected
            case .overBudget: .overBudget
            }
    }
}
