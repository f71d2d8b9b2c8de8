public import Net

/// Why there is no connection to a relay, or no longer.
public enum RelayError: Error, Sendable, Equatable, CustomStringConvertible {
    /// The socket below.
    case net(NetError)
    /// The relay closed the connection; status and text of its closing frame.
    case closedByRelay(code: UInt16?, reason: String)
    /// `close()` was called.
    case closedByUs
    /// More subscriptions than the connection's limit.
    case tooManySubscriptions
    /// More NOTICEs in a time than the limit.
    case noticeFlood
    /// More messages that are none, or events that nobody asked for, than the limit.
    case abuse(String)

    /// What a caller may do about it.
    public enum Disposition: Sendable, Equatable {
        /// Try again later; not before the given time when the relay named one.
        case retry(after: Duration?)
        /// Trying again without a change of settings or of the relay is of no use.
        case skip
    }

    /// Stable name for logs and metrics, in snake_case.
    public var kind: String {
        switch self {
        case .net(let error): error.kind.rawValue
        case .closedByRelay: "closed_by_relay"
        case .closedByUs: "closed_by_us"
        case .tooManySubscriptions: "too_many_subscriptions"
        case .noticeFlood: "notice_flood"
        case .abuse: "abuse"
        }
    }

    /// How far it had come: "resolve", "connect", "proxy", "tls", "upgrade" or "open".
    public var step: String {
        if case .net(let error) = self { error.step.rawValue } else { NetError.Step.open.rawValue }
    }

    /// Whether trying again makes sense.
    public var disposition: Disposition {
        guard case .net(let error) = self else { return .retry(after: nil) }
        return switch error.disposition {
        case .retry(let wait): .retry(after: wait)
        case .skip: .skip
        }
    }

    /// The kind and what is known beside it.
    public var description: String {
        switch self {
        case .net(let error): error.description
        case .closedByRelay(let code, let reason): "closed_by_relay \(code ?? 1005): \(reason)"
        case .abuse(let what): "abuse: \(what)"
        default: kind
        }
    }
}
