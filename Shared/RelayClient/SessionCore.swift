import NIOCore
import Net
import Nostr

/// What happens on one connection to a relay: sorts messages to subscriptions, keeps time, counts what is odd.
/// Event loop only.
final class SessionCore {
    let url: RelayURL
    let limits: RelayLimits
    let authenticator: (any RelayAuthenticator)?
    let loop: any EventLoop
    var connection: WebSocketConnection?
    var statistics = RelayStatistics()
    var subscriptions: [ActiveSubscription] = []
    var nextNumber = 1
    /// Why the connection is over, or will be in a moment.
    var ending: RelayError?

    private var notices: FloodMeter
    private var pauses = 0
    private var isFlushScheduled = false
    private var ticker: Scheduled<Void>?
    private var tickInterval = Duration.seconds(1)

    init(url: RelayURL, limits: RelayLimits, authenticator: (any RelayAuthenticator)?, loop: any EventLoop) {
        self.url = url
        self.limits = limits
        self.authenticator = authenticator
        self.loop = loop
        notices = FloodMeter(limit: limits.maxNotices, window: limits.noticeWindow)
    }

    /// Monotonic time.
    var now: Duration { .nanoseconds(Int64(clamping: NIODeadline.now().uptimeNanoseconds)) }

    func received(_ text: UnsafeBufferPointer<UInt8>) {
        guard ending == nil else { return }
        do {
            switch try RelayMessage.parse(text) {
            case .event(let subscription, let event):
                take(
                    event: UnsafeBufferPointer(rebasing: text[event]),
                    for: UnsafeBufferPointer(rebasing: text[subscription]))
            case .eose(let id, let hint): end(id) { $0.handle(.eose(hint)) }
            case .closed(let id, let prefix, let message): end(id) { $0.handle(.closed(prefix, message)) }
            case .notice(let text): take(notice: text)
            case .auth(let challenge): take(challenge: challenge)
            case .ok(_, let isAccepted, _):
                if statistics.isAuthenticated == nil, statistics.challengeCount > 0, authenticator != nil {
                    statistics.isAuthenticated = isAccepted
                }
            case .count, .negMessage, .negError: statistics.strayEnds += 1
            }
        } catch {
            statistics.badMessages += 1
            if statistics.badMessages > limits.maxBadMessages { abort(.abuse("messages: \(error.kind)")) }
        }
    }

    /// The socket has nothing more for now: what was collected goes on soon, together with what comes until then.
    func readCompleted() {
        guard !isFlushScheduled, subscriptions.contains(where: { !$0.builder.isEmpty }) else { return }
        isFlushScheduled = true
        loop.assumeIsolated().scheduleTask(in: TimeAmount(limits.flushDelay)) {
            self.isFlushScheduled = false
            for subscription in self.subscriptions { self.flush(subscription) }
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
        ticker?.cancel()
        for subscription in subscriptions { perform(subscription.state.handle(.lost(error)), subscription) }
        connection = nil
    }

    func subscribe(_ filters: [Filter], _ limits: SubscriptionLimits) -> Result<ActiveSubscription, RelayError> {
        if let ending { return .failure(ending) }
        guard let connection else { return .failure(.closedByUs) }
        guard subscriptions.count < self.limits.maxSubscriptions else { return .failure(.tooManySubscriptions) }
        let subscription = ActiveSubscription(
            number: nextNumber, limits: limits, now: now, received: connection.bytesReceived)
        nextNumber += 1
        subscriptions.append(subscription)
        connection.send(text: ClientMessage.req(subscription.id, filters).encode())
        keepTime(for: limits)
        return .success(subscription)
    }

    func cancel(_ number: Int) {
        guard let subscription = subscriptions.first(where: { $0.number == number }) else { return }
        perform(subscription.state.handle(.cancelled), subscription)
    }

    func resume() {
        pauses -= 1
        statistics.isPaused = pauses > 0
        if pauses == 0 { connection?.resumeReading() }
    }

    private func pause() {
        pauses += 1
        statistics.isPaused = true
        if pauses == 1 { connection?.pauseReading() }
    }
}

extension SessionCore {
    @inline(__always)
    private func take(event: UnsafeBufferPointer<UInt8>, for id: UnsafeBufferPointer<UInt8>) {
        guard let subscription = subscriptions.first(where: { $0.hasID(id) }) else { return stray(event, id) }
        let action = subscription.state.handle(.event(bytes: event.count))
        guard case .keep = action else { return perform(action, subscription) }
        statistics.events += 1
        if let chunk = subscription.builder.add(event) { put(.events(chunk), subscription) }
    }

    private func stray(_ event: UnsafeBufferPointer<UInt8>, _ id: UnsafeBufferPointer<UInt8>) {
        if let number = ActiveSubscription.number(id), number > 0, number < nextNumber {
            statistics.lateEvents += 1
            statistics.lateBytes += event.count
            if statistics.lateBytes > limits.maxLateBytes { abort(.abuse("events after CLOSE")) }
        } else {
            statistics.foreignEvents += 1
            if statistics.foreignEvents > limits.maxForeignEvents { abort(.abuse("events of other subscriptions")) }
        }
    }

    private func end(_ id: String, _ body: (inout SubscriptionState) -> SubscriptionState.Action) {
        guard let subscription = subscriptions.first(where: { $0.id == id }) else { return statistics.strayEnds += 1 }
        perform(body(&subscription.state), subscription)
    }

    private func take(notice: String) {
        statistics.noticeCount += 1
        statistics.notices.append(notice)
        if statistics.notices.count > limits.keptNotices { statistics.notices.removeFirst() }
        if notices.isFlooded(at: now) { abort(.noticeFlood) }
    }

    private func take(challenge: String) {
        statistics.challengeCount += 1
        statistics.challenge = challenge
        // Once a connection: a relay that asks again after every answer would have us sign for ever.
        guard statistics.challengeCount == 1 else { return }
        guard let event = authenticator?.answer(challenge: challenge, relay: url) else { return }
        connection?.send(text: ClientMessage.auth(event).encode())
    }

    private func perform(_ action: SubscriptionState.Action, _ subscription: ActiveSubscription) {
        switch action {
        case .nothing, .keep: return
        case .stray: statistics.strayEnds += 1
        case .caughtUp(let hint):
            flush(subscription)
            put(.caughtUp(hint: hint), subscription)
        case .finish(let end, let sendsClose):
            if sendsClose { connection?.send(text: ClientMessage.close(subscription.id).encode()) }
            subscriptions.removeAll { $0 === subscription }
            flush(subscription)
            if subscription.mailbox.finish(end, discarding: end == .cancelled) { resume() }
            if subscriptions.isEmpty { ticker?.cancel() }
        }
    }

    private func flush(_ subscription: ActiveSubscription) {
        if let chunk = subscription.builder.take() { put(.events(chunk), subscription) }
    }

    private func put(_ item: SubscriptionItem, _ subscription: ActiveSubscription) {
        if subscription.mailbox.put(item) { pause() }
    }

    /// Ticks often enough for the shortest patience: timeouts are late by at most a quarter of it.
    private func keepTime(for limits: SubscriptionLimits) {
        let patience = [limits.progressTimeout, limits.rateWindow, limits.totalTimeout ?? limits.progressTimeout]
        let shortest = max((patience.min() ?? .seconds(1)) / 4, .milliseconds(5))
        let isFirst = subscriptions.count == 1
        tickInterval = isFirst ? min(.seconds(1), shortest) : min(tickInterval, shortest)
        if isFirst { scheduleTick() }
    }

    private func scheduleTick() {
        ticker?.cancel()
        ticker = loop.assumeIsolated().scheduleTask(in: TimeAmount(tickInterval)) { [weak self] in self?.tick() }
    }

    private func tick() {
        guard let connection, !subscriptions.isEmpty else { return }
        let input = SubscriptionState.Input.tick(now: now, received: connection.bytesReceived, isPaused: pauses > 0)
        for subscription in subscriptions { perform(subscription.state.handle(input), subscription) }
        if !subscriptions.isEmpty { scheduleTick() }
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
