/// What follows from how a comparison of sets ended: the same for what was read before and for first readings. Pure.
enum SetVerdict: Sendable, Equatable {
    /// The sets are known to the last id.
    case compared
    /// The relay was asked too fast, or did not say what follows from its sets: pages go on, and sets wait for the
    /// next visit.
    case later
    /// The connection broke, and it may be that the relay cannot bear the question: it is read by pages alone from now
    /// on.
    case unbearable
    /// The connection ended.
    case disconnected
    /// A smaller window may get an answer. `isSaid` where the relay said so, at once; otherwise it took its time.
    case tooLarge(isSaid: Bool)
    /// The relay does not compare sets, or does so no longer.
    case unsupported
    /// It serves what its set lacks: its sets say nothing of its pages.
    case denied

    /// - Parameters:
    ///   - speaks: the relay is known to compare sets: silence is then no sign that it does not.
    ///   - isStopped: the visit itself closed the connection.
    init(_ ending: ReconciliationEnding, speaks: Bool, isStopped: Bool) {
        self =
            switch ending {
            case .finished: .compared
            case .inconclusive(.rateLimited): .later
            case .inconclusive(.disconnected): speaks || isStopped ? .disconnected : .unbearable
            case .inconclusive(.timedOut), .inconclusive(.overBudget): .tooLarge(isSaid: false)
            case .silent where speaks: .tooLarge(isSaid: false)
            case let refused where refused.isTooLarge: .tooLarge(isSaid: true)
            default: .unsupported
            }
    }
}

extension ReconciliationEnding {
    /// For logs. What the relay said is cut at 512 bytes where it was received.
    var word: String {
        switch self {
        case .finished: "finished"
        case .refused(_, let message, _): "refused: \(message)"
        case .unsupported: "unsupported"
        case .silent: "silent"
        case .inconclusive(let reason): reason.rawValue
        case .malformed(let kind): "malformed: \(kind)"
        }
    }
}
