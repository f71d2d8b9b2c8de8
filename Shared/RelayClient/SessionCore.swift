import NIOCore
import Net
import Nostr

/// What happens on one connection to a relay: sorts messages to whoever asked, keeps time, counts what is odd.
/// Event loop only.
final class SessionCore {
    let url: RelayURL
    let limits: RelayLimits
    let authenticator: (any RelayAuthenticator)?
    let loop: any EventLoop
    var connection: WebSocketConnection?
    var statistics = RelayStatistics()
    var subscriptions: [ActiveSubscription] = []
    var reconciliations: [ActiveReconciliation] = []
    var counts: [ActiveCount] = []
    var publications: [ActivePublication] = []
    var authentication: AuthenticationState
    /// Who wants to know what becomes of our AUTH.
    var waiters: [Mailbox<Settled<AuthenticationEnd>>] = []
    /// Why the connection is over, or will be in a moment.
    var ending: RelayError?
    var timer = SessionTimer()
    /// The number that the next request of any kind has in its id.
    var nextNumber = 1
    /// Mailboxes that have more waiting than they may.
    var pauses = 0
    var isFlushScheduled = false
    var recentEnds = RecentEnds()

    private var notices: FloodMeter
    private var strays: FloodMeter

    init(url: RelayURL, limits: RelayLimits, authenticator: (any RelayAuthenticator)?, loop: any EventLoop) {
        self.url = url
        self.limits = limits
        self.authenticator = authenticator
        self.loop = loop
        authentication = AuthenticationState(patience: limits.authenticationTimeout)
        notices = FloodMeter(limit: limits.maxNotices, window: limits.noticeWindow)
        strays = FloodMeter(limit: limits.maxStrays, window: limits.noticeWindow)
    }

    /// Monotonic time.
    var now: Duration { .nanoseconds(Int64(clamping: NIODeadline.now().uptimeNanoseconds)) }

    /// Whether something is open whose time runs.
    var isBusy: Bool {
        !subscriptions.isEmpty || !reconciliations.isEmpty || !counts.isEmpty || !publications.isEmpty
            || authentication.isWaiting
    }

    func received(_ text: UnsafeBufferPointer<UInt8>) {
        guard ending == nil else { return }
        do {
            let message = try RelayMessage.parse(text, limits: limits.message)
            if case .event(let subscription, let event) = message {
                take(
                    event: UnsafeBufferPointer(rebasing: text[event]),
                    for: UnsafeBufferPointer(rebasing: text[subscription]))
            } else {
                take(message)
            }
        } catch {
            statistics.badMessages += 1
            if statistics.badMessages > limits.maxBadMessages { abort(.abuse("messages: \(error.kind)")) }
        }
    }

    private func take(_ message: RelayMessage) {
        switch message {
        case .event: return
        case .eose(let id, let hint): end(id) { $0.handle(.eose(hint)) }
        case .closed(let id, let prefix, let text):
            if reconciliation(id) != nil {
                tell(id, .closed(prefix, text))
            } else if counts.contains(where: { $0.id == id }) {
                tell(countID: id, .closed(prefix, text))
            } else {
                end(id) { $0.handle(.closed(prefix, text)) }
            }
        case .notice(let text): take(notice: text)
        case .auth(let challenge): take(challenge: challenge)
        case .ok(let id, let isAccepted, let text): take(ok: id, isAccepted: isAccepted, message: text)
        case .count(let id, let count, let isApproximate, _):
            tell(countID: id, .count(count, isApproximate: isApproximate))
        case .negMessage(let id, let message):
            tell(id, .message(message), byteCount: message?.count ?? 0)
        case .negError(let id, let reason, let maxRecords):
            tell(id, .refused(ReasonPrefix(message: reason), reason, maxRecords: maxRecords))
        }
    }

    /// Ends the connection for what the relay did.
    func abort(_ error: RelayError) {
        guard ending == nil else { return }
        ending = error
        connection?.abort(NetError(.protocolViolation, .open, error.kind))
    }

    func closed(_ end: WebSocketEnd) {
        let error = ending ?? RelayError(end)
        ending = error
        timer.stop()
        for subscription in subscriptions { perform(subscription.state.handle(.lost(error)), subscription) }
        for reconciliation in reconciliations { tell(reconciliation, .lost(error)) }
        for count in counts { tell(count, .lost(error)) }
        for publication in publications { tell(publication, .lost(error)) }
        tellAuthentication(.lost(error))
        statistics.bytesReceived = connection?.bytesReceived ?? statistics.bytesReceived
        connection = nil
    }

    /// What is to be sent on, or why nothing can be; every request begins with it.
    func ready(_ open: Int, of limit: Int) throws(RelayError) -> WebSocketConnection {
        if let ending { throw ending }
        guard let connection else { throw .closedByUs }
        guard open < limit else { throw .tooManySubscriptions }
        return connection
    }

    /// Counts bytes for a request that is over; too many of them end the connection.
    func countLate(_ bytes: Int) {
        statistics.lateBytes += bytes
        if statistics.lateBytes > limits.maxLateBytes { abort(.abuse("messages after CLOSE")) }
    }

    /// Counts a message that answers nothing; too many of them in a time end the connection.
    func countStray() {
        if strays.isFlooded(at: now) { abort(.abuse("messages that answer nothing")) }
    }

    /// Counts an end or answer of what is not open.
    func countStrayEnd() {
        statistics.strayEnds += 1
        countStray()
    }

    private func take(notice: String) {
        statistics.noticeCount += 1
        statistics.notices.append(notice)
        if statistics.notices.count > limits.keptNotices { statistics.notices.removeFirst() }
        if notices.isFlooded(at: now) { return abort(.noticeFlood) }
        let text = NoticeText(notice)
        if text.speaksOfRateLimit { statistics.rateNotices += 1 }
        if text.speaksOfTooManySubscriptions { statistics.subscriptionNotices += 1 }
        if text.speaksOfLimit {
            for subscription in subscriptions { perform(subscription.state.handle(.limitNotice), subscription) }
        }
        for reconciliation in reconciliations { tell(reconciliation, .notice(notice)) }
        for count in counts { tell(count, .notice(notice)) }
    }
}

extension RelayError {
    /// How an ended WebSocket looks from here.
    init(_ end: WebSocketEnd) {
        switch end {
        case .closedByPeer(let code, let reason): self = .closedByRelay(code: code, reason: reason)
        case .closedByUs: self = .closedByUs
        case .failed(let error): self = .net(error)
        }
    }
}
