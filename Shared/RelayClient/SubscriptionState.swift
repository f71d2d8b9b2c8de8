import Nostr

/// The decisions of one subscription, without socket, clock or memory of events.
///
///     open --EOSE--> ended | live (keepsOpen)
///     open, live --CLOSED, lost connection, cancel--> ended
///     open --over budget, timeout--> ended
struct SubscriptionState {
    /// What happens to it.
    enum Input {
        /// An EVENT with this subscription's id, by the bytes of its JSON.
        case event(bytes: Int)
        case eose(EOSEHint?)
        case closed(ReasonPrefix?, String)
        case lost(RelayError)
        case cancelled
        /// A NOTICE spoke of a limit; it names no id, so it may be meant for somebody else.
        case limitNotice
        /// More waits for the reader than may.
        case full
        /// Time goes by: monotonic time, all bytes that the connection received so far, and whether we make the relay
        /// wait.
        case tick(now: Duration, received: Int, isPaused: Bool)
    }

    /// What is to be done.
    enum Action: Equatable {
        case nothing
        /// Collect the event.
        case keep
        /// Count the message as one that should not have come.
        case stray
        /// Hand on what was collected, and `.caughtUp` after it.
        case caughtUp(EOSEHint?)
        /// Hand on what was collected, and the end after it; with CLOSE when the relay does not know of the end yet.
        case finish(SubscriptionEnd, sendsClose: Bool)
    }

    private enum Phase { case open, live, ended }

    private let limits: SubscriptionLimits
    private var phase = Phase.open
    private var isLimited = false
    private var events = 0
    private var bytes = 0
    private var eventsAtTick = 0
    private var lastTick: Duration
    private var idleSince: Duration
    private var waited = Duration.zero
    private var windowStart: Duration
    private var windowBytes: Int

    /// REQ is sent now; `received` are the bytes of the connection so far.
    init(limits: SubscriptionLimits, now: Duration, received: Int) {
        self.limits = limits
        lastTick = now
        idleSince = now
        windowStart = now
        windowBytes = received
    }

    /// Takes an input and says what follows from it. After the end everything the relay sends is a stray.
    mutating func handle(_ input: Input) -> Action {
        if case .event(let count) = input { return event(count) }
        guard phase != .ended else { return input.isFromRelay ? .stray : .nothing }
        switch input {
        case .event(let count): return event(count)
        case .eose(let hint): return eose(hint)
        case .closed(let prefix, let message):
            return finish(.closed(prefix: prefix, message: message), sendsClose: false)
        case .lost(let error): return finish(.broken(error), sendsClose: false)
        case .cancelled: return finish(.cancelled, sendsClose: true)
        case .limitNotice: isLimited = true
        case .full: return limits.endsWhenFull ? finish(.overBudget, sendsClose: true) : .nothing
        case .tick(let now, let received, let isPaused): return tick(now, received, isPaused)
        }
        return .nothing
    }

    private mutating func event(_ count: Int) -> Action {
        guard phase == .open else { return phase == .live ? .keep : .stray }
        guard events < limits.maxEvents, count <= limits.maxBytes - bytes else {
            return finish(.overBudget, sendsClose: true)
        }
        events += 1
        bytes += count
        return .keep
    }

    private mutating func eose(_ hint: EOSEHint?) -> Action {
        guard phase == .open else { return .stray }
        guard limits.keepsOpen else { return finish(.eose(hint: hint), sendsClose: true) }
        phase = .live
        return .caughtUp(hint)
    }

    private mutating func tick(_ now: Duration, _ received: Int, _ isPaused: Bool) -> Action {
        let elapsed = now - lastTick
        lastTick = now
        guard phase == .open else { return .nothing }
        if isPaused {
            // The relay waits for us: none of its patience is used up, and no rate is measured.
            idleSince += elapsed
            startWindow(now, received)
            return .nothing
        }
        waited += elapsed
        if events > eventsAtTick {
            eventsAtTick = events
            idleSince = now
        }
        if let total = limits.totalTimeout, waited >= total { return timeOut(.total) }
        if now - idleSince >= limits.progressTimeout { return timeOut(events == 0 ? .silent : .stalled) }
        return checkRate(now, received)
    }

    private mutating func checkRate(_ now: Duration, _ received: Int) -> Action {
        guard events > 0 else {
            startWindow(now, received)
            return .nothing
        }
        guard now - windowStart >= limits.rateWindow else { return .nothing }
        if received - windowBytes < limits.minimumBytes { return timeOut(.tooSlow) }
        startWindow(now, received)
        return .nothing
    }

    private mutating func startWindow(_ now: Duration, _ received: Int) {
        windowStart = now
        windowBytes = received
    }

    /// Words of a limit explain a silence. They end nothing by themselves: the answer may be on its way.
    private mutating func timeOut(_ kind: TimeoutKind) -> Action {
        finish(.timedOut(isLimited && events == 0 ? .rateLimited : kind), sendsClose: true)
    }

    private mutating func finish(_ end: SubscriptionEnd, sendsClose: Bool) -> Action {
        phase = .ended
        return .finish(end, sendsClose: sendsClose)
    }
}

extension SubscriptionState.Input {
    fileprivate var isFromRelay: Bool {
        switch self {
        case .event, .eose, .closed: true
        case .lost, .cancelled, .limitNotice, .full, .tick: false
        }
    }
}
