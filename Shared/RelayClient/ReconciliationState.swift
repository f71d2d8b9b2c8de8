import Nostr

/// The decisions of one reconciliation (NIP-77), without socket and clock.
///
///     opening --NEG-MSG--> ours --answer--> theirs --NEG-MSG--> ours ...
///     opening --NOTICE, CLOSED, silence--> unsupported
///     any --NEG-ERR, CLOSED, lost connection, timeout, over budget, our own end--> ended
struct ReconciliationState {
    /// What happens to it.
    enum Input {
        /// NEG-MSG as binary; nil when it was no hex.
        case message([UInt8]?)
        /// NEG-ERR.
        case refused(ReasonPrefix?, String, maxRecords: Int64?)
        case closed(ReasonPrefix?, String)
        /// A NOTICE; it names no id, so it may be meant for somebody else.
        case notice(String)
        /// Our answer to the message that was handed on.
        case answer([UInt8], now: Duration)
        case lost(RelayError)
        /// Our side wants no more, because it is done or for another reason.
        case cancelled
        /// Time goes by: monotonic time, and whether we make the relay wait.
        case tick(now: Duration, isPaused: Bool)
    }

    /// What is to be done.
    enum Action: Equatable {
        case nothing
        /// Count the message as one that should not have come.
        case stray
        /// Hand the message on.
        case hand([UInt8])
        /// Send NEG-MSG.
        case send([UInt8])
        /// Hand on the end; with NEG-CLOSE when the relay does not know of it yet.
        case finish(ReconciliationEnd, sendsClose: Bool)
    }

    private enum Phase { case opening, ours, theirs, ended }

    private let limits: ReconciliationLimits
    private var phase = Phase.opening
    private var rounds = 0
    private var bytes: Int
    private var isRateLimited = false
    private var lastTick: Duration
    private var waitingSince: Duration

    /// NEG-OPEN is sent now, with a first message of so many bytes.
    init(limits: ReconciliationLimits, openingBytes: Int, now: Duration) {
        self.limits = limits
        bytes = openingBytes
        lastTick = now
        waitingSince = now
    }

    /// Takes an input and says what follows from it. After the end everything the relay sends is a stray.
    mutating func handle(_ input: Input) -> Action {
        guard phase != .ended else { return input.isFromRelay ? .stray : .nothing }
        switch input {
        case .message(let message): return take(message)
        case .refused(let prefix, let text, let maxRecords):
            return finish(.refused(prefix: prefix, message: text, maxRecords: maxRecords), sendsClose: false)
        case .closed(let prefix, let text): return finish(closing(prefix, text), sendsClose: false)
        case .notice(let text): return take(notice: text)
        case .answer(let message, let now): return send(message, now)
        case .lost(let error): return finish(.broken(error), sendsClose: false)
        case .cancelled: return finish(.cancelled, sendsClose: true)
        case .tick(let now, let isPaused): return tick(now, isPaused)
        }
    }

    private mutating func take(_ message: [UInt8]?) -> Action {
        guard let message else { return finish(.malformed("bad_hex"), sendsClose: true) }
        // Each side speaks in turn. A second message could be taken for the answer to what we send next.
        guard phase != .ours else { return finish(.malformed("unexpected_message"), sendsClose: true) }
        guard rounds < limits.maxRounds, spend(message.count) else { return finish(.overBudget, sendsClose: true) }
        rounds += 1
        phase = .ours
        return .hand(message)
    }

    private mutating func send(_ message: [UInt8], _ now: Duration) -> Action {
        guard phase == .ours else { return .nothing }
        guard spend(message.count) else { return finish(.overBudget, sendsClose: true) }
        phase = .theirs
        waitingSince = now
        return .send(message)
    }

    /// False when the budget has no room for so many bytes.
    private mutating func spend(_ count: Int) -> Bool {
        guard count <= limits.maxBytes - bytes else { return false }
        bytes += count
        return true
    }

    private mutating func take(notice: String) -> Action {
        let notice = NoticeText(notice)
        // strfry: "too many concurrent NEG requests".
        isRateLimited = isRateLimited || notice.speaksOfLimit
        guard phase == .opening, notice.refuses(.reconciliation) else { return .nothing }
        // No NEG-CLOSE: to whom NEG-OPEN says nothing, that would be the next unknown message.
        return finish(.unsupported(notice.text), sendsClose: false)
    }

    private func closing(_ prefix: ReasonPrefix?, _ text: String) -> ReconciliationEnd {
        switch prefix {
        case nil, .unsupported, .invalid, .error:
            phase == .opening ? .unsupported(text) : .closed(prefix: prefix, message: text)
        default: .closed(prefix: prefix, message: text)
        }
    }

    private mutating func tick(_ now: Duration, _ isPaused: Bool) -> Action {
        let elapsed = now - lastTick
        lastTick = now
        guard phase == .opening || phase == .theirs else { return .nothing }
        if isPaused {
            waitingSince = min(now, waitingSince + elapsed)
            return .nothing
        }
        let patience = phase == .opening ? limits.firstAnswerTimeout : limits.answerTimeout
        guard now - waitingSince >= patience else { return .nothing }
        let silence = phase == .opening ? ReconciliationEnd.unsupported("") : .timedOut
        return finish(isRateLimited ? .rateLimited : silence, sendsClose: true)
    }

    private mutating func finish(_ end: ReconciliationEnd, sendsClose: Bool) -> Action {
        phase = .ended
        return .finish(end, sendsClose: sendsClose)
    }
}

extension ReconciliationState.Input {
    fileprivate var isFromRelay: Bool {
        switch self {
        case .message, .refused, .closed: true
        case .notice, .answer, .lost, .cancelled, .tick: false
        }
    }
}
