internal import Net
internal import Nostr
internal import RelayClient

/// One real connection.
struct LiveSession: RelaySession {
    let connection: RelayConnection

    func page(_ filter: Filter, budget: PageBudget) async throws -> RawPage {
        let page = try await ask(filter, budget)
        guard page.ending == .inconclusive(.authRequired) else { return page }
        guard let reason = try await refusal() else { return try await ask(filter, budget) }
        return RawPage(chunks: page.chunks, ending: .inconclusive(reason), failure: page.failure)
    }

    func follow(_ filter: Filter, budget: FeedBudget) async throws -> any RelayFeed {
        let feed = LiveFeed(session: self, filter: filter, budget: budget)
        await feed.open()
        return feed
    }

    func facts() async -> SessionFacts {
        let statistics = await connection.statistics()
        var facts = SessionFacts()
        facts.remoteAddress = connection.isProxied ? nil : connection.remoteAddress?.description
        facts.bytesReceived = statistics.bytesReceived
        facts.notices = statistics.noticeCount
        facts.rateNotices = statistics.rateNotices
        facts.subscriptionNotices = statistics.subscriptionNotices
        facts.challenges = statistics.challengeCount
        facts.isAuthenticated = statistics.isAuthenticated
        facts.foreignEvents = statistics.foreignEvents
        facts.lateEvents = statistics.lateEvents
        facts.earlyEnds = statistics.earlyEnds
        facts.strayEnds = statistics.strayEnds
        facts.badMessages = statistics.badMessages
        return facts
    }

    func close() async { await connection.close() }

    /// After a refusal for the want of AUTH: nil when the same may be asked once more, otherwise why not.
    func refusal() async throws -> InconclusiveReason? {
        switch try await connection.authenticate() {
        // Without an OK the relay may still know us by now; what it says to the next request is final.
        case .accepted, .unanswered: nil
        case .refused(.restricted, _), .refused(.blocked, _): .restricted
        case .refused, .unchallenged, .declined: .authRequired
        case .broken(let error): InconclusiveReason(error)
        }
    }

    private func ask(_ filter: Filter, _ budget: PageBudget) async throws -> RawPage {
        let subscription: Subscription
        do {
            subscription = try await connection.subscribe([filter], limits: SubscriptionLimits(budget))
        } catch {
            return RawPage(chunks: [], ending: .inconclusive(.disconnected), failure: error.kind)
        }
        var chunks: [EventChunk] = []
        while true {
            switch try await subscription.next() {
            case .events(let chunk):
                chunks.append(chunk)
                guard budget.loan?.take(chunk.bytes.count) ?? true else {
                    await subscription.close()
                    return RawPage(chunks: [], ending: .inconclusive(.overBudget))
                }
            case .caughtUp: break
            case .end(let end):
                await subscription.close()
                return RawPage(chunks: chunks, ending: PageEnding(end), failure: end.failure)
            }
        }
    }
}

extension SubscriptionLimits {
    fileprivate init(_ budget: PageBudget) {
        self.init()
        maxEvents = budget.events
        maxBytes = budget.bytes
        progressTimeout = budget.progressTimeout
        totalTimeout = budget.totalTimeout
        minimumBytes = budget.bytesPerMinute
        storedUntil = budget.storedUntil
    }
}

extension SubscriptionEnd {
    fileprivate var failure: String? {
        if case .broken(let error) = self { error.kind } else { nil }
    }
}

extension PageEnding {
    fileprivate init(_ end: SubscriptionEnd) {
        if case .eose(let hint) = end { self = .conclusive(hint: hint) } else { self = .inconclusive(.init(end)) }
    }
}
