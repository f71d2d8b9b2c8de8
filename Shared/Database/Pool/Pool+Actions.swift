import Synchronization

/// Carrying out what the state machine decides.
extension Pool {
    typealias Waiting = CheckedContinuation<PooledConnection, any Error>
    typealias Decision = (inout PoolStateMachine, Duration) -> [PoolStateMachine.Action]

    /// Gives the machine one input under the lock; acts after it.
    func perform(_ input: Decision) {
        let now = clock.now()
        let (effects, counts) = state.withLock { state in
            let actions = input(&state.machine, now)
            return (actions.map { effect($0, &state) }, state.machine.counts)
        }
        metrics.show(counts)
        for effect in effects { carryOut(effect) }
    }

    /// An action together with what it needs from the locked state.
    enum Effect {
        case event(Event)
        case connect(PoolStateMachine.ConnectionID)
        case resume(Waiting?, Result<PooledConnection, any Error>, waited: Duration?)
        case interrupt(PostgresConnection?)
        case recycle(Event)
        case finish
    }

    private func effect(_ action: PoolStateMachine.Action, _ state: inout State) -> Effect {
        switch action {
        case .connect(let id): return .connect(id)
        case .backOff(let id, let attempt): return .event(.backOff(id, attempt: attempt))
        case .lease(let request, let id, let waited):
            let continuation = state.requests.removeValue(forKey: request)
            return .resume(continuation, lent(id, state), waited: waited)
        case .fail(let request, let failure):
            let continuation = state.requests.removeValue(forKey: request)
            return .resume(continuation, .failure(error(failure, state)), waited: nil)
        case .check(let id):
            return state.connections[id].map { .event(.check(id, $0)) } ?? .interrupt(nil)
        case .close(let id, let isRecycled):
            let event = Event.close(id, state.connections[id])
            return isRecycled ? .recycle(event) : .event(event)
        case .interrupt(let id): return .interrupt(state.connections[id])
        case .wake(let time): return .event(.wake(at: time))
        case .finished: return .finish
        }
    }

    private func carryOut(_ effect: Effect) {
        switch effect {
        case .event(let event): eventSource.yield(event)
        case .recycle(let event):
            metrics.wasRecycled()
            eventSource.yield(event)
        case .connect(let id): makeConnection(id)
        case .resume(let continuation, let result, let waited):
            if let waited { metrics.waited(waited) }
            continuation?.resume(with: result)
        case .interrupt(let connection): connection?.interruptCurrentCall()
        case .finish: eventSource.finish()
        }
    }

    private func makeConnection(_ id: PoolStateMachine.ConnectionID) {
        do {
            let connection = try PostgresConnection(options, name: "pg-\(id)")
            state.withLock { $0.connections[id] = connection }
            eventSource.yield(.connect(id, connection))
        } catch {
            connectFailed(id, error)
        }
    }

    private func lent(_ id: PoolStateMachine.ConnectionID, _ state: State) -> Result<PooledConnection, any Error> {
        guard let connection = state.connections[id] else { return .failure(error(.closed, state)) }
        return .success(PooledConnection(id: id, connection: connection))
    }

    func error(_ failure: PoolFailure, _ state: State) -> any Error {
        switch failure {
        case .timeout: DatabaseError(.acquisitionTimeout, step: "acquire")
        case .closed: DatabaseError(.poolClosed, step: "acquire")
        case .cancelled: CancellationError()
        case .connecting: state.lastConnectError ?? DatabaseError(.connectionFailed, step: "connect")
        }
    }
}
