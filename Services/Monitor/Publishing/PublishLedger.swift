import Nostr
import RelayClient
import Settings

/// What the answers of one relay to what is published to it mean: pure.
///
/// Accepted events are done. An event that is refused among others that are taken is given up for this relay; a relay
/// that takes nothing has refused us, keeps what waits for it, and is asked again rarely. Silence and errors are
/// neither: the event comes last from then on, and the relay later.
struct PublishLedger: Sendable {
    /// What is stored of a visit, or of a part of it.
    struct Settlement: Sendable, Equatable {
        /// Events that need not be sent to this relay any more.
        var done: [Int64] = []
        /// Events without an answer.
        var late: [Int64] = []
        /// Events that it took.
        var accepted: Int32 = 0
        /// Events of `done` that it did not take.
        var refused: Int32 = 0
        /// Bits of work that it asked for; nil when it did not.
        var pow: Int16?
        /// Visits in a row that went wrong.
        var fails: Int32 = 0
        /// Why this one did, in snake_case.
        var error: String?
        /// What the relay said to it.
        var message: String?
        /// Until it is published to again; of a part how much longer the lease is wanted.
        var wait = Duration.zero
        /// The visit is over.
        var ends = true
    }

    /// Whether the visit goes on.
    enum Step: Sendable, Equatable {
        case goOn, end
    }

    /// Refusals, errors or silences in a row that end a visit.
    static let patience = 3

    private let settings: PublishingSettings
    private let failsBefore: Int32
    private var part = Settlement()
    private var held: [Int64] = []
    private var inRow = 0
    private var hasAccepted = false
    private var hasRefusedUs = false
    private var trouble: (reason: String, message: String)?

    /// A visit begins.
    /// - Parameter fails: visits in a row that went wrong before.
    init(_ settings: PublishingSettings, fails: Int32) {
        self.settings = settings
        failsBefore = min(fails, 1_000_000)
    }

    /// Bits of work without which nothing needs to be sent.
    private(set) var demandedBits: Int16 = 0

    /// An answer to an event that has so many bits of work.
    mutating func take(_ end: PublicationEnd, to id: Int64, bits: Int16) -> Step {
        switch end {
        case .accepted, .refused(.duplicate?, _): return accept(id)
        case .refused(.pow?, let message): return demand(message, id, bits)
        case .refused(.authRequired?, let message):
            (hasRefusedUs, trouble) = (true, ("auth_required", message))
            return .end
        case .refused(.rateLimited?, let message):
            trouble = ("rate_limited", message)
            return .end
        case .refused(.error?, let message): return postpone(id, "error", message)
        case .refused(let prefix, let message):
            held.append(id)
            trouble = ("refused" + (prefix.map { "_" + $0.rawValue } ?? ""), message)
            return count()
        case .unanswered: return postpone(id, "unanswered", "")
        case .broken(let error):
            _ = postpone(id, error.kind, "")
            return .end
        case .cancelled: return .end
        }
    }

    /// The event has less work than the relay asks for.
    mutating func skip(_ id: Int64) {
        part.done.append(id)
        part.refused += 1
    }

    /// There is no connection.
    mutating func failed(_ reason: String) { trouble = (reason, "") }

    /// What is known so far and was not handed out yet; the lease goes on for `wait`.
    mutating func handOut(wait: Duration) -> Settlement {
        defer { part = Settlement() }
        (part.fails, part.wait, part.ends) = (failsBefore, wait, false)
        return part
    }

    /// The rest.
    /// - Parameter jitter: a random number of 0 to 1, so that replicas and relays do not fall into step.
    func end(jitter: Double) -> Settlement {
        var last = part
        guard let trouble else { return last }
        (last.error, last.message) = (trouble.reason, trouble.message.isEmpty ? nil : trouble.message)
        last.fails = hasAccepted ? 1 : failsBefore + 1
        if hasRefusedUs || (!held.isEmpty && !hasAccepted) {
            last.wait = settings.refusedWait.duration * (0.9 + 0.2 * jitter)
        } else {
            last.done += held
            last.refused += Int32(held.count)
            let doublings = Double(1 << min(Int(last.fails) - 1, 20))
            let wait = min(settings.retryWait.duration * doublings, settings.refusedWait.duration)
            last.wait = wait * (0.75 + 0.5 * jitter)
        }
        return last
    }

    private mutating func accept(_ id: Int64) -> Step {
        part.done += held + [id]
        part.refused += Int32(held.count)
        part.accepted += 1
        (held, inRow, trouble, hasAccepted) = ([], 0, part.late.isEmpty ? nil : trouble, true)
        return .goOn
    }

    /// The event cannot change any more, whoever got it already; the next one will have the work.
    private mutating func demand(_ message: String, _ id: Int64, _ bits: Int16) -> Step {
        guard let wanted = NIP13ProofOfWork.demand(in: message), wanted <= settings.maxPow, wanted > bits else {
            (hasRefusedUs, trouble) = (true, ("refused_pow", message))
            return .end
        }
        demandedBits = max(demandedBits, Int16(wanted))
        part.pow = demandedBits
        skip(id)
        return .goOn
    }

    private mutating func postpone(_ id: Int64, _ reason: String, _ message: String) -> Step {
        part.late.append(id)
        trouble = (reason, message)
        return count()
    }

    private mutating func count() -> Step {
        inRow += 1
        return inRow < Self.patience ? .goOn : .end
    }
}
