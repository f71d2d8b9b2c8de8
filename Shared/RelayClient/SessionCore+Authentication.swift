import Net
import Nostr

extension SessionCore {
    /// Somebody was refused for the want of AUTH and waits for the outcome.
    func authenticate(_ waiter: Mailbox<Settled<AuthenticationEnd>>) {
        if let ending { return settle(waiter, .broken(ending)) }
        guard authenticator != nil else { return settle(waiter, .declined) }
        waiters.append(waiter)
        tellAuthentication(.wanted(now: now))
        if authentication.isWaiting { keepTime(limits.authenticationTimeout) }
    }

    func tellAuthentication(_ input: AuthenticationState.Input) {
        switch authentication.handle(input) {
        case .nothing: return
        case .answer(let challenge): answer(challenge)
        case .settle(let end):
            if end == .accepted { statistics.isAuthenticated = true }
            if case .refused = end { statistics.isAuthenticated = false }
            let settled = waiters
            waiters = []
            for waiter in settled { settle(waiter, end) }
            restIfIdle()
        }
    }

    /// AUTH from the relay.
    func take(challenge: String) {
        statistics.challengeCount += 1
        countStray()
        tellAuthentication(.challenge(challenge))
    }

    private func answer(_ challenge: String) {
        let event = authenticator?.answer(challenge: challenge, relay: url)
        if let event { connection?.send(text: ClientMessage.auth(event).encode()) }
        tellAuthentication(.answered(event?.id, now: now))
    }

    private func settle(_ waiter: Mailbox<Settled<AuthenticationEnd>>, _ end: AuthenticationEnd) {
        _ = waiter.finish(end, discarding: false)
    }
}
