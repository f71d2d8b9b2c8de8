import NIOCore
import Net
import Nostr

extension SessionCore {
    func subscribe(_ filters: [Filter], _ limits: SubscriptionLimits) -> Result<ActiveSubscription, RelayError> {
        Result { () throws(RelayError) in
            let connection = try ready(subscriptions.count, of: self.limits.maxSubscriptions)
            let subscription = ActiveSubscription(
                number: nextNumber, limits: limits, now: now, received: connection.bytesReceived)
            nextNumber += 1
            subscriptions.append(subscription)
            connection.send(text: ClientMessage.req(subscription.id, filters).encode())
            keepTime(limits.shortestPatience)
            return subscription
        }
    }

    func cancel(_ number: Int) {
        guard let subscription = subscriptions.first(where: { $0.number == number }) else { return }
        perform(subscription.state.handle(.cancelled), subscription)
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

    @inline(__always)
    func take(event: UnsafeBufferPointer<UInt8>, for id: UnsafeBufferPointer<UInt8>) {
        guard let subscription = subscriptions.first(where: { $0.hasID(id) }) else { return stray(event, id) }
        let action = subscription.state.handle(.event(bytes: event.count))
        guard case .keep = action else { return perform(action, subscription) }
        statistics.events += 1
        if let chunk = subscription.builder.add(event) { put(.events(chunk), subscription) }
    }

    /// An EOSE or CLOSED for this id.
    func end(_ id: String, _ body: (inout SubscriptionState) -> SubscriptionState.Action) {
        guard let subscription = subscriptions.first(where: { $0.id == id }) else { return countStrayEnd() }
        perform(body(&subscription.state), subscription)
    }

    func perform(_ action: SubscriptionState.Action, _ subscription: ActiveSubscription) {
        switch action {
        case .nothing, .keep: return
        case .stray: countStrayEnd()
        case .caughtUp(let hint):
            flush(subscription)
            put(.caughtUp(hint: hint), subscription)
        case .finish(let end, let sendsClose):
            if sendsClose { connection?.send(text: ClientMessage.close(subscription.id).encode()) }
            subscriptions.removeAll { $0 === subscription }
            if case .eose = end, let time = subscription.storedUntil {
                recentEnds.add(subscription.number, storedUntil: time)
            }
            flush(subscription)
            if subscription.mailbox.finish(end, discarding: end == .cancelled) { resume() }
            restIfIdle()
        }
    }

    private func stray(_ event: UnsafeBufferPointer<UInt8>, _ id: UnsafeBufferPointer<UInt8>) {
        if let number = ActiveSubscription.number(id), number > 0, number < nextNumber {
            statistics.lateEvents += 1
            if recentEnds.isDenied(number, by: event) { statistics.earlyEnds += 1 }
            countLate(event.count)
        } else {
            statistics.foreignEvents += 1
            if statistics.foreignEvents > limits.maxForeignEvents { abort(.abuse("events of other subscriptions")) }
        }
    }

    private func flush(_ subscription: ActiveSubscription) {
        if let chunk = subscription.builder.take() { put(.events(chunk), subscription) }
    }

    private func put(_ item: SubscriptionItem, _ subscription: ActiveSubscription) {
        guard subscription.mailbox.put(item) else { return }
        pause()
        perform(subscription.state.handle(.full), subscription)
    }
}

extension SubscriptionLimits {
    /// The shortest of its times.
    fileprivate var shortestPatience: Duration {
        min(progressTimeout, min(rateWindow, totalTimeout ?? progressTimeout))
    }
}
