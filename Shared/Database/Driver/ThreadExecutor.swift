import Glibc
import Synchronization
import Threads

/// A serial executor that is one operating system thread.
///
/// A connection lives on one of these, so libpq may block without taking a thread of the cooperative pool away.
final class ThreadExecutor: SerialExecutor {
    private struct State {
        var jobs = JobQueue()
        var isStopped = false
    }

    private let state = Mutex(State())
    /// Posted once for each job and once for the end. A semaphore may be used from any thread (POSIX, sem_overview),
    /// and the memory lives as long as this object, which the thread itself holds until it ends.
    nonisolated(unsafe) private let wakeups: UnsafeMutablePointer<sem_t>

    /// Starts the thread. Throws kind `resources` when the system has none left.
    init(name: String) throws(DatabaseError) {
        wakeups = .allocate(capacity: 1)
        sem_init(wakeups, 0, 0)
        // TLS and SCRAM need little; the usual 8 MiB each would be counted by strict memory limits.
        let isStarted = DetachedThread.start(name: name, stackBytes: 1 << 20) { self.loop() }
        guard isStarted else { throw DatabaseError(.resources, step: "connect", detail: "no thread left") }
    }

    deinit {
        sem_destroy(wakeups)
        wakeups.deallocate()
    }

    func enqueue(_ job: consuming ExecutorJob) {
        let job = UnownedJob(job)
        state.withLock { $0.jobs.append(job) }
        sem_post(wakeups)
    }

    func asUnownedSerialExecutor() -> UnownedSerialExecutor { UnownedSerialExecutor(ordinary: self) }

    /// Ends the thread after the jobs that are already queued.
    func stop() {
        state.withLock { $0.isStopped = true }
        sem_post(wakeups)
    }

    private func loop() {
        while true {
            while sem_wait(wakeups) != 0 {}
            let (job, isStopped) = state.withLock { ($0.jobs.popFirst(), $0.isStopped) }
            if let job {
                job.runSynchronously(on: asUnownedSerialExecutor())
            } else if isStopped {
                return
            }
        }
    }
}

/// First in, first out, without moving what waits behind.
private struct JobQueue {
    private var incoming: [UnownedJob] = []
    private var outgoing: [UnownedJob] = []

    mutating func append(_ job: UnownedJob) { incoming.append(job) }

    mutating func popFirst() -> UnownedJob? {
        if outgoing.isEmpty {
            outgoing = incoming.reversed()
            incoming.removeAll(keepingCapacity: true)
        }
        return outgoing.popLast()
    }
}
