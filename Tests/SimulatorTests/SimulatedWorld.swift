import Database
import ServiceKit
import Support
import Synchronization

/// Time and order as a seed decides them: one thread runs every job, chosen at random among those that could run, and
/// the clock moves only when nothing is left to do. The same seed gives the same run.
final class SimulatedWorld: TaskExecutor {
    /// Nothing can happen any more, or too much happened.
    enum Stuck: Error {
        case nothingLeft
        case tooManyJobs(Int)
    }

    private struct Timer {
        let at: Duration
        let number: Int
        let wake: CheckedContinuation<Void, any Error>
    }

    private struct State {
        var random: SplitMix64
        var jobs: [UnownedJob] = []
        var timers: [Timer] = []
        var cancelled: Set<Int> = []
        var nextNumber = 0
        var now = Duration.zero
        var jobsRun = 0
    }

    private let state: Mutex<State>
    private let trace: SimulatedTrace

    /// The database's clock at the beginning, Unix seconds.
    static let epoch: Int64 = 1_750_000_000

    init(seed: UInt64, trace: SimulatedTrace) {
        state = Mutex(State(random: SplitMix64(seed: seed)))
        self.trace = trace
    }

    /// Since the beginning.
    var now: Duration { state.withLock { $0.now } }

    /// The database's clock, Unix seconds.
    var seconds: Int64 { Self.epoch + now.components.seconds }

    /// Writes a line about what happens now.
    func note(_ line: @autoclosure () -> String) { trace.note(now, line()) }

    /// The clock that is handed to the engine.
    var clock: MonotonicClock { MonotonicClock(SimulatedClock(world: self)) }

    func enqueue(_ job: consuming ExecutorJob) {
        let job = UnownedJob(job)
        state.withLock { $0.jobs.append(job) }
    }

    /// Runs the body to its end, and everything that it waits for.
    func run(mostJobs: Int = 20_000_000, _ body: @escaping @Sendable () async -> Void) throws {
        let isOver = Mutex(false)
        // Not awaited: the loop below is what runs it.
        _ = Task(executorPreference: self) {
            await body()
            isOver.withLock { $0 = true }
        }
        while !isOver.withLock({ $0 }) {
            guard let job = nextJob() else { throw Stuck.nothingLeft }
            job.runSynchronously(on: asUnownedTaskExecutor())
            guard state.withLock({ $0.jobsRun }) < mostJobs else { throw Stuck.tooManyJobs(mostJobs) }
        }
    }

    private func nextJob() -> UnownedJob? {
        while true {
            let (job, timer): (UnownedJob?, Timer?) = state.withLock { state in
                if !state.jobs.isEmpty {
                    let place = Int.random(in: state.jobs.indices, using: &state.random)
                    state.jobs.swapAt(place, state.jobs.count - 1)
                    state.jobsRun += 1
                    return (state.jobs.removeLast(), nil)
                }
                guard let first = state.timers.popLast() else { return (nil, nil) }
                state.now = max(state.now, first.at)
                return (nil, first)
            }
            if let job { return job }
            guard let timer else { return nil }
            timer.wake.resume()
        }
    }

    func sleep(until deadline: Duration) async throws {
        let number = state.withLock { state in
            state.nextNumber += 1
            return state.nextNumber
        }
        try await withTaskCancellationHandler {
            try await withCheckedThrowingContinuation { wake in add(Timer(at: deadline, number: number, wake: wake)) }
        } onCancel: {
            cancel(number)
        }
    }

    func sleep(for time: Duration) async throws { try await sleep(until: now + time) }

    private func add(_ timer: Timer) {
        let isCancelled = state.withLock { state in
            if state.cancelled.remove(timer.number) != nil { return true }
            // Latest first, so that the next one is the last.
            var (lo, hi) = (0, state.timers.count)
            while lo < hi {
                let middle = (lo + hi) / 2
                let other = state.timers[middle]
                if (other.at, other.number) < (timer.at, timer.number) { hi = middle } else { lo = middle + 1 }
            }
            state.timers.insert(timer, at: lo)
            return false
        }
        if isCancelled { timer.wake.resume(throwing: CancellationError()) }
    }

    private func cancel(_ number: Int) {
        let timer = state.withLock { state -> Timer? in
            guard let place = state.timers.firstIndex(where: { $0.number == number }) else {
                state.cancelled.insert(number)
                return nil
            }
            return state.timers.remove(at: place)
        }
        timer?.wake.resume(throwing: CancellationError())
    }
}

/// The clock of a simulated world.
private struct SimulatedClock: Clock {
    struct Instant: InstantProtocol {
        let offset: Swift.Duration
        func advanced(by duration: Swift.Duration) -> Instant { Instant(offset: offset + duration) }
        func duration(to other: Instant) -> Swift.Duration { other.offset - offset }
        static func < (left: Instant, right: Instant) -> Bool { left.offset < right.offset }
    }

    let world: SimulatedWorld
    var now: Instant { Instant(offset: world.now) }
    var minimumResolution: Swift.Duration { .zero }

    func sleep(until deadline: Instant, tolerance: Swift.Duration?) async throws {
        try await world.sleep(until: deadline.offset)
    }
}
