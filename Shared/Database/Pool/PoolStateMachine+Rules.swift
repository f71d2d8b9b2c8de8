import DequeModule

/// What the inputs have in common.
extension PoolStateMachine {
    /// Time went by: ends waits that are too long, closes what idled too long, checks what has not been heard of.
    mutating func tick(now: Duration) -> [Action] {
        if let wake = plannedWake, wake <= now { plannedWake = nil }
        guard mode == .running else { return [] }
        return expireWaiters(now) + ageIdle(now) + refill() + planWake()
    }

    /// Gives a connection that is free to whoever waits longest, or lets it idle.
    mutating func offer(_ connection: ConnectionID, _ now: Duration) -> [Action] {
        dropLeavers()
        guard let waiter = line.popFirst() else {
            connections[connection] = .idle(since: now, checked: now)
            idle.append(connection)
            return []
        }
        waiting.remove(waiter.id)
        dropLeavers()
        connections[connection] = .leased
        return [.lease(waiter.id, connection, waited: now - waiter.since)]
    }

    mutating func close(_ connection: ConnectionID, recycled: Bool = false) -> [Action] {
        connections[connection] = .closing
        return [.close(connection, recycled: recycled)]
    }

    /// Starts as many connections as `minSize` and those who wait call for. Closing ones still count against `maxSize`,
    /// so that the server never sees more than that.
    mutating func refill() -> [Action] {
        guard mode == .running else { return [] }
        var actions: [Action] = []
        while isShort, connections.count < configuration.maxSize, !isFailing {
            nextConnection += 1
            connections[nextConnection] = .connecting(arrivals: arrivals)
            actions.append(.connect(nextConnection))
        }
        return actions
    }

    /// Fewer connections are there or under way than are called for.
    private var isShort: Bool {
        let counts = self.counts
        return counts.live + counts.pending < configuration.minSize || counts.pending < waiting.count
    }

    /// Whether an attempt that has to be repeated is still of use.
    var isWanted: Bool { !waiting.isEmpty || counts.live < configuration.minSize }

    /// After a failure one attempt at a time is enough; it is under way or backing off.
    private var isFailing: Bool {
        failedAttempts > 0 && connections.values.contains { $0.isPending }
    }

    func isOtherPending(_ connection: ConnectionID) -> Bool {
        connections.contains { $0.key != connection && $0.value.isPending }
    }

    /// Tells those who wait that connecting fails, when it has failed often enough and nothing is open that could
    /// come back to them. Those who came while the attempt was under way get the next one.
    mutating func giveUpIfHopeless(_ arrivals: Int) -> [Action] {
        guard failedAttempts >= configuration.maxAttempts, counts.live == 0 else { return [] }
        var actions: [Action] = []
        while let first = line.first, first.arrival <= arrivals {
            line.removeFirst()
            if waiting.remove(first.id) != nil { actions.append(.fail(first.id, .connecting)) }
        }
        dropLeavers()
        return actions
    }

    mutating func failAll(_ failure: PoolFailure) -> [Action] {
        let requests = line.filter { waiting.contains($0.id) }.map(\.id)
        line.removeAll()
        waiting.removeAll()
        return requests.map { .fail($0, failure) }
    }

    /// Those who left are taken out of the front, so that the first in line is always somebody who waits.
    mutating func dropLeavers() {
        while let first = line.first, !waiting.contains(first.id) { line.removeFirst() }
    }

    private mutating func expireWaiters(_ now: Duration) -> [Action] {
        var actions: [Action] = []
        dropLeavers()
        while let first = line.first, first.since + configuration.acquisitionTimeout <= now {
            line.removeFirst()
            waiting.remove(first.id)
            actions.append(.fail(first.id, failedAttempts > 0 && counts.live == 0 ? .connecting : .timeout))
            dropLeavers()
        }
        return actions
    }

    private mutating func ageIdle(_ now: Duration) -> [Action] {
        var actions: [Action] = []
        for connection in idle {
            guard case .idle(let since, let checked) = connections[connection] else { continue }
            if since + configuration.idleLifetime <= now {
                idle.removeAll { $0 == connection }
                actions += close(connection, recycled: true)
            } else if checked + configuration.healthCheckInterval <= now {
                idle.removeAll { $0 == connection }
                connections[connection] = .checking(since: since)
                actions.append(.check(connection))
            }
        }
        return actions
    }

    /// Asks to be woken when the next thing falls due, unless that was asked for already.
    mutating func planWake() -> [Action] {
        guard mode == .running, let due = nextDue else { return [] }
        if let plannedWake, plannedWake <= due { return [] }
        plannedWake = due
        return [.wake(at: due)]
    }

    private var nextDue: Duration? {
        var due = line.first.map { $0.since + configuration.acquisitionTimeout }
        for connection in idle {
            guard case .idle(let since, let checked) = connections[connection] else { continue }
            let next = min(since + configuration.idleLifetime, checked + configuration.healthCheckInterval)
            due = min(due ?? next, next)
        }
        return due
    }

}

extension PoolStateMachine.ConnectionState {
    /// Not open yet.
    var isPending: Bool {
        switch self {
        case .connecting, .backingOff: true
        case .idle, .checking, .leased, .closing: false
        }
    }
}

extension PoolStateMachine {
    /// Sizes for metrics and rules.
    struct Counts: Equatable {
        /// Open: idle, checked or lent.
        var live = 0
        /// Being connected, or waiting to be tried again.
        var pending = 0
        var idle = 0
        var leased = 0
        var waiting = 0
    }

    var counts: Counts {
        var counts = Counts(idle: idle.count, waiting: waiting.count)
        for state in connections.values {
            switch state {
            case .connecting, .backingOff: counts.pending += 1
            case .leased:
                counts.live += 1
                counts.leased += 1
            case .idle, .checking: counts.live += 1
            case .closing: break
            }
        }
        return counts
    }
}
