import Logging
import Settings
import Synchronization
import Telemetry

extension Pool {
    /// Whether a request of this process to stop a statement is under way. A process that ends in the middle of one can
    /// take PgBouncer 1.18 with it, and with that every other client's connections (pgbouncer issue 801).
    public static var isAwaitingCancellation: Bool { CancelKey.isAwaited }
}

/// The running pool: connecting, checking, closing and waking up happen in child tasks of one task.
extension Pool {
    /// Runs the pool while `body` runs, and closes it afterwards, however the body ends. Once in a pool's life.
    @discardableResult
    public func withRunning<Result>(
        isolation: isolated (any Actor)? = #isolation, _ body: () async throws -> Result
    ) async throws -> Result {
        // Not a child of this task: a cancelled caller must still be able to undo its transaction and close. It is
        // awaited below in every case.
        let runner = Task { await self.run() }
        perform { $0.start(now: $1) }
        defer { metrics.show(.init()) }
        do {
            let result = try await body()
            await close(runner)
            return result
        } catch {
            await close(runner)
            throw error
        }
    }

    private func close(_ runner: Task<Void, Never>) async {
        eventSource.yield(.abandonAfter(Self.drainPatience))
        perform { machine, _ in machine.drain() }
        await runner.value
    }

    private func run() async {
        await withDiscardingTaskGroup { group in
            for await event in events {
                group.addTask { await self.handle(event) }
            }
            group.cancelAll()
        }
    }

    private func handle(_ event: Event) async {
        switch event {
        case .connect(let id, let connection): await connect(id, connection)
        case .backOff(let id, let attempt):
            let pause = settings.retry.delay(afterAttempt: attempt, jitter: randomness())
            try? await clock.sleep(clock.now() + pause)
            perform { machine, _ in machine.backedOff(id) }
        case .check(let id, let connection): await check(id, connection)
        case .close(let id, let connection):
            await connection?.close()
            state.withLock { $0.connections[id] = nil }
            perform { machine, _ in machine.closed(id) }
        case .wake(let time):
            try? await clock.sleep(time)
            perform { $0.tick(now: max($1, time)) }
        case .abandonAfter(let patience):
            try? await clock.sleep(clock.now() + patience)
            perform { machine, _ in machine.interruptLeased() }
            try? await clock.sleep(clock.now() + patience)
            state.withLock { $0.connections.removeAll() }
            eventSource.finish()
        }
    }

    private func connect(_ id: PoolStateMachine.ConnectionID, _ connection: PostgresConnection) async {
        do {
            try await connection.open()
            metrics.connected()
            perform { $0.connected(id, now: $1) }
        } catch {
            state.withLock { $0.connections[id] = nil }
            connectFailed(id, error as? DatabaseError)
        }
    }

    /// An attempt without an error was interrupted by the end of the pool.
    func connectFailed(_ id: PoolStateMachine.ConnectionID, _ error: DatabaseError?) {
        if let error {
            metrics.failed()
            state.withLock { $0.lastConnectError = error }
            logger.warning(
                "database_connect_failed",
                metadata: [
                    LogKey.errorKind: "\(error.kind.rawValue)", LogKey.error: "\(error.detail ?? "")",
                    LogKey.host: "\(options.host)", LogKey.port: .stringConvertible(options.port),
                ])
        }
        perform { $0.connectFailed(id, now: $1) }
    }

    private func check(_ id: PoolStateMachine.ConnectionID, _ connection: PostgresConnection) async {
        let answer = try? await connection.query(Brotr.ping, timeout: settings.timeouts.healthCheck.duration)
        let isHealthy = answer?.count == 1 && connection.isUsable
        perform { $0.checked(id, isHealthy: isHealthy, now: $1) }
    }
}
