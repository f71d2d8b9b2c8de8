import Glibc
import Synchronization

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
        let start = ThreadStart(executor: self, name: name)
        var attributes = pthread_attr_t()
        pthread_attr_init(&attributes)
        defer { pthread_attr_destroy(&attributes) }
        pthread_attr_setdetachstate(&attributes, Int32(PTHREAD_CREATE_DETACHED))
        // TLS and SCRAM need little; the default of 8 MiB each would be counted by strict memory limits.
        pthread_attr_setstacksize(&attributes, 1 << 20)
        var thread = pthread_t()
        let argument = Unmanaged.passRetained(start)
        let status = pthread_create(&thread, &attributes, ThreadStart.run, argument.toOpaque())
        if status != 0 {
            argument.release()
            throw DatabaseError(.resources, step: "connect", detail: "no thread for a connection")
        }
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

    fileprivate func loop() {
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

/// What a new thread is given: it keeps the executor alive until its loop ends.
private final class ThreadStart: Sendable {
    let executor: ThreadExecutor
    let name: String

    init(executor: ThreadExecutor, name: String) {
        self.executor = executor
        self.name = name
    }

    static let run: @convention(c) (UnsafeMutableRawPointer?) -> UnsafeMutableRawPointer? = { argument in
        guard let argument else { return nil }
        let start = Unmanaged<ThreadStart>.fromOpaque(argument).takeRetainedValue()
        // Signals belong to the main program. A blocked SIGPIPE also turns a write to a dead peer into EPIPE.
        var all = sigset_t()
        sigfillset(&all)
        pthread_sigmask(SIG_BLOCK, &all, nil)
        // The name that `top -H` shows, at most 15 bytes.
        if let file = fopen("/proc/thread-self/comm", "w") {
            fputs(String(start.name.prefix(15)), file)
            fclose(file)
        }
        start.executor.loop()
        return nil
    }
}
