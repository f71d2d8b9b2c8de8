public import Nostr

/// What a subscription brings, one after the other.
public enum SubscriptionItem: Sendable, Equatable {
    /// Events in the order in which the relay sent them.
    case events(EventChunk)
    /// All stored events were sent (NIP-01, EOSE). Only with `keepsOpen`; events go on after it.
    case caughtUp(hint: EOSEHint?)
    /// Nothing follows; asked again, the same end comes again.
    case end(SubscriptionEnd)
}

/// Raw events as the relay sent them: neither parsed nor checked, maybe not even JSON.
public struct EventChunk: Sendable, Equatable {
    /// The JSON texts one after the other.
    public let bytes: [UInt8]
    /// Where each text lies in `bytes`; ascending, without gaps. At most 256.
    public let ranges: [Range<Int>]

    /// A chunk of texts that lie in `bytes`.
    public init(bytes: [UInt8], ranges: [Range<Int>]) {
        self.bytes = bytes
        self.ranges = ranges
    }

    /// Calls the body with each text in turn.
    public func forEachEvent<Failure: Error>(
        _ body: (UnsafeBufferPointer<UInt8>) throws(Failure) -> Void
    ) throws(Failure) {
        let result = bytes.withUnsafeBufferPointer { all -> Result<Void, Failure> in
            Result { () throws(Failure) in
                for range in ranges { try body(UnsafeBufferPointer(rebasing: all[range])) }
            }
        }
        try result.get()
    }
}

/// How a subscription ended. Only `eose` says that the relay sent what it has to send.
public enum SubscriptionEnd: Sendable, Equatable {
    /// The relay said so (NIP-01), with its hint where it gives one (NIP-67).
    case eose(hint: EOSEHint?)
    /// The relay refused or ended it; the message is cut at 512 bytes.
    case closed(prefix: ReasonPrefix?, message: String)
    /// The relay did not get on.
    case timedOut(TimeoutKind)
    /// The connection ended, or was ended because of what the relay did.
    case broken(RelayError)
    /// More events or bytes than the limits allow.
    case overBudget
    /// `close()` was called.
    case cancelled
}

/// Which patience was used up.
public enum TimeoutKind: String, Sendable, CaseIterable {
    /// Neither event nor EOSE within `progressTimeout`.
    case silent
    /// The same after a NOTICE that speaks of a limit, of rate or of subscriptions.
    case rateLimited = "rate_limited"
    /// Events came, then none and no EOSE for `progressTimeout`.
    case stalled
    /// Events come, below `minimumBytes` in `rateWindow`.
    case tooSlow = "too_slow"
    /// `totalTimeout` is over.
    case total
}
