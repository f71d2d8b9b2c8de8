internal import Database
internal import Settings

/// What is written when a lease is given back: when the relay is due again, and what is thought of it. Pure.
struct ReleasePlan: Sendable, Equatable {
    /// Time until the next visit.
    var dueIn: Duration
    /// `relay_sync.class`; nil leaves it.
    var relayClass: RelayClass?
    /// Failed visits in a row.
    var fails: Int32
    /// Why the last visit failed; nil clears it where a class is given, and leaves it where none is.
    var lastError: String?
    /// What this visit downloaded beyond its share.
    var deficitBytes: Int64 = 0

    /// A relay that cannot be paged costs several full answers a visit, and only what is new may still be had from it.
    static let unpageableInterval = Duration.seconds(900)
    /// An operator's "ignore" is looked at again after this time.
    private static let ignoredInterval = Duration.seconds(3_600)
    /// A relay that serves us nothing at all is asked once a day whether that is still so.
    private static let blockedInterval = Duration.seconds(86_400)
    /// Another visit to the address may end at any moment.
    private static let busyInterval = Duration.seconds(15)
    /// The visit before is over as soon as this process comes to it.
    private static let overlapInterval = Duration.seconds(1)
    /// After a database error the relay itself is not to blame.
    private static let databaseInterval = Duration.seconds(5)

    /// - Parameters:
    ///   - fails: failed visits in a row before this one.
    ///   - jitter: 0 to 1, spreads the wait after a failure by 25 % each way.
    init(_ report: VisitReport, fails: Int32, settings: SynchronizingSettings, jitter: Double) {
        self.fails = 0
        deficitBytes = ByteShare(settings.budget, report.deficitBytes).deficit(after: report.bytes)
        relayClass = RelayClass(report)
        switch report.ending {
        case .complete:
            dueIn = settings.sync.revisitInterval.duration
            lastError = report.trouble
        // It is no more up to date than one that failed, and waits no longer.
        case .stuck: dueIn = min(settings.sync.revisitInterval.duration, settings.budget.retryDelay.duration)
        case .yielded, .leaseLost:
            dueIn = .zero
            lastError = report.trouble
            guard !report.hasLearned else { return }
            // What was known stays.
            relayClass = nil
            self.fails = fails
        case .addressBusy:
            dueIn = Self.busyInterval * (1 + jitter)
            relayClass = nil
            self.fails = fails
        case .overlapping:
            dueIn = Self.overlapInterval
            relayClass = nil
            self.fails = fails
        case .ignored: dueIn = Self.ignoredInterval
        case .databaseFailed(let kind) where !Self.isOfData(kind):
            dueIn = Self.databaseInterval
            relayClass = nil
            self.fails = fails
            lastError = kind
        case .unpageable(let reason):
            dueIn = max(settings.sync.revisitInterval.duration, Self.unpageableInterval)
            relayClass = reason == .unordered ? .unordered : .unpageable
            lastError = reason.word
        case .failed(let kind), .databaseFailed(let kind):
            // One that got on before it failed begins a new row: the next one goes on from there. So does one that read
            // what is new: only a part of the history is not answered about, and that is left after some visits.
            let before = report.hasGotOn || report.hasRead ? 0 : fails
            self.fails = before == .max ? .max : before + 1
            dueIn = settings.budget.retry.delay(afterAttempt: Int(self.fails), jitter: jitter)
            lastError = kind
            guard case .failed = report.ending else { return }
            if !report.hasRead && !report.isPartial { relayClass = RelayClass(failure: kind) }
            wait(report, kind, settings.budget, jitter)
        }
    }

    /// A relay that said how long it wants to be left alone is taken at its word; spread upwards alone.
    private mutating func wait(_ report: VisitReport, _ kind: String, _ budget: BudgetSettings, _ jitter: Double) {
        if let asked = report.retryAfter {
            dueIn = max(asked, budget.retryDelay.duration) * (1 + jitter / 4)
        } else if report.conclusivePages == 0, !report.isPartial, relayClass == .blocked {
            dueIn = Self.blockedInterval
        } else if report.conclusivePages > 0, kind == InconclusiveReason.rateLimited.rawValue {
            // It answered until it was asked too fast: that is for the rate, and no failure of the relay's.
            fails = 0
            dueIn = budget.retry.delay(afterAttempt: 1, jitter: jitter)
        }
    }
}

extension ReleasePlan {
    /// It is what the relay sent that the database refuses: asking again at once would only bring the same.
    static func isOfData(_ kind: String) -> Bool { kind == "data_error" || kind == "constraint_violation" }
}

/// What is thought of a relay, as stored in `relay_sync.class`.
enum RelayClass: Int16, Sendable, CaseIterable {
    case ok = 0
    case auth = 1
    case unordered = 2
    case unpageable = 3
    case blocked = 4
    case unreachable = 5

    /// Nothing is served to us.
    var isRefusal: Bool { self == .auth || self == .blocked }

    /// The class of a relay that answers.
    fileprivate init(_ report: VisitReport) {
        self =
            switch report.unpageable {
            case nil: report.isUnordered ? .unordered : .ok
            case .unordered: .unordered
            default: .unpageable
            }
    }

    /// The class a failed visit puts the relay in.
    fileprivate init(failure kind: String) {
        self =
            switch InconclusiveReason(rawValue: kind) {
            case .authRequired: .auth
            case .restricted, .paymentRequired: .blocked
            case nil: .unreachable
            default: .ok
            }
    }
}

extension RelayLease {
    /// The visit before was refused, whatever it asked for.
    var isRefused: Bool { RelayClass(rawValue: relayClass)?.isRefusal == true }
}
