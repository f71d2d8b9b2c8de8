import Nostr

/// The decisions of one connection about AUTH (NIP-42), without socket, clock and key.
///
///     idle --a request was refused, there is a challenge--> answering --OK--> settled
///     idle --a request was refused, there is none--> expecting --challenge--> answering
///     expecting, answering --patience is over--> settled
///
/// A challenge alone is not answered. Many relays send one to everybody and serve everybody; an answer at a time of its
/// own would show one set to the pages before it and maybe another to those behind it. So every page of a connection is
/// asked as nobody until one is refused for that. What a relay hides in silence from strangers (direct messages, on
/// strfry) it shows to the people concerned, and our key is none of them.
struct AuthenticationState {
    /// What happens.
    enum Input {
        /// AUTH from the relay.
        case challenge(String)
        /// A request was refused for the want of it.
        case wanted(now: Duration)
        /// Our answer was sent; nil when there is nobody to sign it.
        case answered(EventID?, now: Duration)
        case ok(EventID, isAccepted: Bool, message: String)
        case lost(RelayError)
        /// Time goes by.
        case tick(now: Duration)
    }

    /// What is to be done.
    enum Action: Equatable {
        case nothing
        /// Have the challenge signed, and send it.
        case answer(challenge: String)
        /// Tell all who wait.
        case settle(AuthenticationEnd)
    }

    private enum Phase: Equatable {
        case idle
        case expecting(since: Duration)
        case answering(EventID?, since: Duration)
        case settled(AuthenticationEnd)
    }

    /// Longest challenge that is kept and signed; others are none.
    static let maxChallengeBytes = 1_024

    private let patience: Duration
    private var phase = Phase.idle
    private var challenge: String?
    private var hasAnswered = false

    /// A connection on which nothing was said yet. `patience`: for a challenge, and for the OK.
    init(patience: Duration) { self.patience = patience }

    /// Whether its time runs.
    var isWaiting: Bool {
        switch phase {
        case .expecting, .answering: true
        case .idle, .settled: false
        }
    }

    /// Takes an input and says what follows from it.
    mutating func handle(_ input: Input) -> Action {
        switch input {
        case .challenge(let text): return take(text)
        case .wanted(let now): return want(now)
        case .answered(let id?, let now): phase = .answering(id, since: now)
        case .answered(nil, _): return settle(.declined)
        case .ok(let id, let isAccepted, let message): return take(id, isAccepted, message)
        case .lost(let error): return settle(.broken(error))
        case .tick(let now): return tick(now)
        }
        return .nothing
    }

    private mutating func take(_ text: String) -> Action {
        guard text.utf8.count <= Self.maxChallengeBytes else { return .nothing }
        challenge = text
        guard case .expecting(let since) = phase else { return .nothing }
        return begin(text, since)
    }

    private mutating func want(_ now: Duration) -> Action {
        switch phase {
        case .expecting, .answering: return .nothing
        // What is settled stays so, but for a challenge that came after we had stopped waiting for it.
        case .settled(let end) where end != .unchallenged || challenge == nil: return .settle(end)
        case .idle, .settled:
            guard let challenge else {
                phase = .expecting(since: now)
                return .nothing
            }
            return begin(challenge, now)
        }
    }

    /// Once a connection: a relay that asks again after every answer would have us sign for ever.
    private mutating func begin(_ challenge: String, _ now: Duration) -> Action {
        precondition(!hasAnswered, "one AUTH a connection")
        hasAnswered = true
        phase = .answering(nil, since: now)
        return .answer(challenge: challenge)
    }

    private mutating func take(_ id: EventID, _ isAccepted: Bool, _ message: String) -> Action {
        guard case .answering(id?, _) = phase else { return .nothing }
        return settle(isAccepted ? .accepted : .refused(prefix: ReasonPrefix(message: message), message: message))
    }

    private mutating func tick(_ now: Duration) -> Action {
        switch phase {
        case .expecting(let since) where now - since >= patience: settle(.unchallenged)
        case .answering(_, let since) where now - since >= patience: settle(.unanswered)
        default: .nothing
        }
    }

    private mutating func settle(_ end: AuthenticationEnd) -> Action {
        phase = .settled(end)
        return .settle(end)
    }
}
