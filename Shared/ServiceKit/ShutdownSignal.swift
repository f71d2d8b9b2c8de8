public import Database
import Synchronization

/// Tells every part of a service that it shall come to its end: finish or roll back the batch in hand, save, release.
///
/// A cycle looks at `isRequested` between batches, or awaits `wait()` beside its work. Once requested it stays so.
public final class ShutdownSignal: Sendable {
    private struct State {
        var isRequested = false
        var waiters: [UInt64: CheckedContinuation<Void, Never>] = [:]
        var nextWaiter: UInt64 = 0
    }

    private let state = Mutex(State())

    /// Not requested.
    public init() {}

    /// True from the first request on.
    public var isRequested: Bool { state.withLock { $0.isRequested } }

    /// Asks for the end; says whether this was the first request.
    @discardableResult
    public func request() -> Bool {
        let (isFirst, waiters) = state.withLock { state in
            defer {
                state.isRequested = true
                state.waiters = [:]
            }
            return (!state.isRequested, state.waiters.values)
        }
        for waiter in waiters { waiter.resume() }
        return isFirst
    }

    /// Returns when the end is requested, or when the waiting task is cancelled.
    public func wait() async {
        let number = state.withLock { state in
            state.nextWaiter += 1
            return state.nextWaiter
        }
        await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                // Cancelled before the continuation was kept: nobody would resume it later.
                let isOver = state.withLock { state in
                    guard !state.isRequested, !Task.isCancelled else { return true }
                    state.waiters[number] = continuation
                    return false
                }
                if isOver { continuation.resume() }
            }
        } onCancel: {
            state.withLock { $0.waiters.removeValue(forKey: number) }?.resume()
        }
    }

    /// Waits this long, or until the end is requested or the task is cancelled.
    /// - Returns: true when the whole time passed.
    @discardableResult
    public func pause(for duration: Duration, clock: MonotonicClock) async -> Bool {
        guard !isRequested, !Task.isCancelled else { return false }
        return await withTaskGroup(of: Bool.self) { group in
            group.addTask {
                do { try await clock.sleep(for: duration) } catch { return false }
                return true
            }
            group.addTask {
                await self.wait()
                return false
            }
            defer { group.cancelAll() }
            return await group.next() ?? false
        }
    }
}
