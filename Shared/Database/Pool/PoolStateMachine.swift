import DequeModule

/// Every decision of the pool, without a clock and without I/O: inputs are values and times, outputs are actions.
///
/// Times are durations since an origin of the caller's choice. Requests wait first in, first out; idle connections are
/// lent last in, first out, so that surplus ones grow old and are closed. While connecting fails, one connection alone
/// goes on trying; from the failure number `maxAttempts` on, each one fails those who waited when the attempt began,
/// unless some connection is open.
struct PoolStateMachine {
    typealias ConnectionID = Int
    typealias RequestID = Int

    /// What the decisions depend on.
    struct Configuration: Sendable {
        var minSize = 5
        var maxSize = 20
        /// A connection that has run this many statements is replaced.
        var maxQueries = 50_000
        /// An idle connection this old is closed, or replaced where there are only `minSize`.
        var idleLifetime: Duration = .seconds(300)
        /// How long a request may wait.
        var acquisitionTimeout: Duration = .seconds(10)
        /// An idle connection is asked for a sign of life this often.
        var healthCheckInterval: Duration = .seconds(30)
        /// Failed attempts in a row after which those who wait are told.
        var maxAttempts = 3
    }

    /// What the pool has to do, in this order.
    enum Action: Equatable {
        case connect(ConnectionID)
        /// Try this one again after the backoff of the failed attempt (counted from 1).
        case backOff(ConnectionID, afterAttempt: Int)
        case lease(RequestID, ConnectionID, waited: Duration)
        case fail(RequestID, PoolFailure)
        case check(ConnectionID)
        case close(ConnectionID, recycled: Bool)
        /// Stop a connection attempt, or what a connection still runs: the pool closes.
        case interrupt(ConnectionID)
        /// Call `tick` at this time.
        case wake(at: Duration)
        /// Nothing is left; the pool is closed.
        case finished
    }

    enum ConnectionState: Equatable {
        /// `arrivals` is how many requests had come when the attempt began.
        case connecting(arrivals: Int)
        case backingOff
        case idle(since: Duration, checked: Duration)
        case checking(since: Duration)
        case leased
        case closing
    }

    enum Mode { case stopped, running, draining, finished }

    struct Waiter {
        var id: RequestID
        var since: Duration
        /// How many requests had to wait up to and including this one.
        var arrival: Int
    }

    let configuration: Configuration
    var mode = Mode.stopped
    var connections: [ConnectionID: ConnectionState] = [:]
    /// Idle connections, the one used last at the end.
    var idle: [ConnectionID] = []
    /// Those who wait; a cancelled one stays in line until its turn, but is no longer in `waiting`.
    var line = Deque<Waiter>()
    var waiting: Set<RequestID> = []
    var arrivals = 0
    var failedAttempts = 0
    var nextConnection = 0
    var nextRequest = 0
    var plannedWake: Duration?

    init(_ configuration: Configuration) { self.configuration = configuration }

    /// Begins to work: makes the first connections.
    mutating func start(now: Duration) -> [Action] {
        precondition(mode == .stopped, "a pool runs once")
        mode = .running
        return refill() + planWake()
    }

    /// A number for a new request.
    mutating func makeRequest() -> RequestID {
        nextRequest += 1
        return nextRequest
    }

    /// Somebody wants a connection.
    mutating func acquire(_ request: RequestID, now: Duration) -> [Action] {
        guard mode == .running else { return [.fail(request, .closed)] }
        if line.isEmpty, let connection = idle.popLast() {
            connections[connection] = .leased
            return [.lease(request, connection, waited: .zero)]
        }
        arrivals += 1
        line.append(Waiter(id: request, since: now, arrival: arrivals))
        waiting.insert(request)
        return refill() + planWake()
    }

    /// Somebody does not want one any more. Too late if it was lent already: then it comes back by `release`.
    mutating func cancel(_ request: RequestID) -> [Action] {
        guard waiting.remove(request) != nil else { return [] }
        dropLeavers()
        return [.fail(request, .cancelled)]
    }

    /// A connection attempt succeeded.
    mutating func connected(_ connection: ConnectionID, now: Duration) -> [Action] {
        guard case .connecting = connections[connection] else { return [] }
        failedAttempts = 0
        guard mode == .running else { return close(connection) }
        return offer(connection, now) + refill() + planWake()
    }

    /// A connection attempt failed.
    mutating func connectFailed(_ connection: ConnectionID, now: Duration) -> [Action] {
        guard case .connecting(let arrivals) = connections[connection] else { return [] }
        guard mode == .running else { return closed(connection) }
        failedAttempts += 1
        // One alone goes on trying: many would only load a server that struggles.
        if isOtherPending(connection) {
            connections[connection] = nil
            return giveUpIfHopeless(arrivals)
        }
        connections[connection] = .backingOff
        return giveUpIfHopeless(arrivals) + [.backOff(connection, afterAttempt: failedAttempts)]
    }

    /// The backoff of a failed attempt is over.
    mutating func backedOff(_ connection: ConnectionID) -> [Action] {
        guard connections[connection] == .backingOff else { return [] }
        guard mode == .running else { return closed(connection) }
        guard isWanted else {
            connections[connection] = nil
            return []
        }
        connections[connection] = .connecting(arrivals: arrivals)
        return [.connect(connection)]
    }

    /// A lent connection comes back.
    /// - Parameters:
    ///   - isUsable: false when it is closed or in doubt.
    ///   - statements: how many it has run in its life.
    mutating func release(
        _ connection: ConnectionID, isUsable: Bool, statements: Int, now: Duration
    ) -> [Action] {
        guard connections[connection] == .leased else { return [] }
        guard mode == .running, isUsable else { return close(connection) + refill() }
        if statements >= configuration.maxQueries { return close(connection, recycled: true) + refill() }
        return offer(connection, now) + planWake()
    }

    /// A health check ended.
    mutating func checked(_ connection: ConnectionID, isHealthy: Bool, now: Duration) -> [Action] {
        guard case .checking(let since) = connections[connection] else { return [] }
        guard mode == .running, isHealthy else { return close(connection) + refill() }
        if waiting.isEmpty {
            connections[connection] = .idle(since: since, checked: now)
            // It was not used: it stays among the oldest.
            idle.insert(connection, at: 0)
            return planWake()
        }
        return offer(connection, now) + planWake()
    }

    /// A connection is gone.
    mutating func closed(_ connection: ConnectionID) -> [Action] {
        connections[connection] = nil
        if mode == .draining, connections.isEmpty {
            mode = .finished
            return [.finished]
        }
        return refill()
    }

    /// Ends the pool: nobody gets a connection any more, lent ones are closed when they come back.
    mutating func drain() -> [Action] {
        guard mode == .running else { return [] }
        mode = .draining
        var actions = failAll(.closed)
        for (connection, state) in connections.sorted(by: { $0.key < $1.key }) {
            switch state {
            case .idle: actions += close(connection)
            case .connecting, .checking: actions.append(.interrupt(connection))
            case .backingOff: connections[connection] = nil
            case .leased, .closing: break
            }
        }
        idle = []
        if connections.isEmpty {
            mode = .finished
            actions.append(.finished)
        }
        return actions
    }

    /// The patience for lent connections is over: what they run is stopped.
    func interruptLeased() -> [Action] {
        guard mode == .draining else { return [] }
        return connections.filter { $0.value == .leased }.keys.sorted().map { .interrupt($0) }
    }
}

/// Why a request got no connection.
enum PoolFailure: Equatable {
    /// Nothing became free in time.
    case timeout
    /// Connecting fails, and no connection is open.
    case connecting
    /// The caller went away.
    case cancelled
    /// The pool does not run.
    case closed
}
