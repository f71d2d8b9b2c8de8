import Net

extension SessionCore {
    /// Ticks from now on, as long as something is open.
    func keepTime(_ patience: Duration) {
        timer.keep(patience, on: loop) { [weak self] in self?.tick() }
    }

    /// Ticks no more when nothing is open.
    func restIfIdle() {
        if !isBusy { timer.stop() }
    }

    /// Stops reading from the socket: one more mailbox is full.
    func pause() {
        pauses += 1
        statistics.isPaused = true
        if pauses == 1 { connection?.pauseReading() }
    }

    /// Undoes one `pause`.
    func resume() {
        pauses -= 1
        statistics.isPaused = pauses > 0
        if pauses == 0 { connection?.resumeReading() }
    }

    private func tick() {
        guard let connection, isBusy else { return timer.stop() }
        let input = SubscriptionState.Input.tick(now: now, received: connection.bytesReceived, isPaused: pauses > 0)
        for subscription in subscriptions { perform(subscription.state.handle(input), subscription) }
        for reconciliation in reconciliations { tell(reconciliation, .tick(now: now, isPaused: pauses > 0)) }
        for count in counts { tell(count, .tick(now: now, isPaused: pauses > 0)) }
        for publication in publications { tell(publication, .tick(now: now, isPaused: pauses > 0)) }
        tellAuthentication(.tick(now: now))
        if isBusy { timer.schedule(on: loop) { [weak self] in self?.tick() } }
    }
}
