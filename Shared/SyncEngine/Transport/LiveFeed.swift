internal import Nostr
internal import RelayClient
internal import Synchronization

/// A feed on a real connection.
final class LiveFeed: RelayFeed {
    private struct State {
        /// nil before REQ is sent and after the end.
        var subscription: Subscription?
        var mayAskAgain = true
        var end: InconclusiveReason?
    }

    private let session: LiveSession
    private let filter: Filter
    private let limits: SubscriptionLimits
    private let state = Mutex(State())

    init(session: LiveSession, filter: Filter, budget: FeedBudget) {
        self.session = session
        self.filter = filter
        limits = SubscriptionLimits(budget)
    }

    /// Sends the REQ; done before anybody reads, so that nothing is missed meanwhile.
    func open() async {
        do throws(RelayError) {
            let subscription = try await session.connection.subscribe([filter], limits: limits)
            // Closed meanwhile: the subscription ends with its last reference.
            state.withLock { if $0.end == nil { $0.subscription = subscription } }
        } catch {
            finish(InconclusiveReason(error))
        }
    }

    func next() async throws -> FeedItem {
        while let subscription = state.withLock({ $0.subscription }) {
            switch try await subscription.next() {
            case .events(let chunk): return .events(chunk)
            case .caughtUp: return .caughtUp
            case .end(let end):
                let reason = InconclusiveReason(end)
                guard reason == .authRequired, state.withLock({ $0.mayAskAgain }) else { return finish(reason) }
                if let refusal = try await session.refusal() { return finish(refusal) }
                state.withLock { $0.mayAskAgain = false }
                await open()
            }
        }
        return .end(state.withLock { $0.end } ?? .disconnected)
    }

    func close() async {
        let subscription = state.withLock { $0.subscription }
        finish(.disconnected)
        await subscription?.close()
    }

    /// The first end stays.
    @discardableResult
    private func finish(_ reason: InconclusiveReason) -> FeedItem {
        state.withLock { state in
            let end = state.end ?? reason
            state.end = end
            state.subscription = nil
            return .end(end)
        }
    }
}

extension SubscriptionLimits {
    fileprivate init(_ budget: FeedBudget) {
        self.init()
        maxEvents = budget.storedEvents
        maxBytes = budget.storedBytes
        progressTimeout = budget.progressTimeout
        totalTimeout = nil
        bufferedBytes = budget.waitingBytes
        endsWhenFull = true
        keepsOpen = true
    }
}
