import CCares
import Glibc
import Synchronization
import Threads

/// c-ares on a thread of its own: questions go in by `start`, and each is completed exactly once.
final class DNSLoop: Sendable {
    private struct State {
        var incoming: [DNSLookup] = []
        var hasCancelled = false
        var isStopped = false
        var isOver = false
        var waiters: [CheckedContinuation<Void, Never>] = []
    }

    /// Once a process, before the first channel.
    private static let isReady = ccares_start() == 0

    private let state = Mutex(State())
    /// Wakes the thread out of poll(2). Written to under the lock, and only until it is over.
    private let bell: Int32
    private let servers: String?
    private let mostQuestions: Int

    /// Starts the thread. Throws `failed` when the system has none left.
    init(servers: String?, mostQuestions: Int) throws(DNSError) {
        guard Self.isReady else { throw .failed }
        bell = ccares_bell()
        self.servers = servers
        self.mostQuestions = max(1, mostQuestions)
        guard bell >= 0 else { throw .failed }
        guard DetachedThread.start(name: "dns", { self.run() }) else {
            close(bell)
            throw .failed
        }
    }

    /// Queues a question; it is completed with `closed` when the loop has been stopped.
    func start(_ lookup: DNSLookup) {
        let isTaken = state.withLock { state in
            guard !state.isStopped else { return false }
            state.incoming.append(lookup)
            ring()
            return true
        }
        if !isTaken { lookup.complete(.failure(.closed)) }
    }

    /// Completes a question with `cancelled`, and has what belongs to it let go of; nothing where it is complete.
    func cancel(_ lookup: DNSLookup) {
        lookup.complete(.failure(.cancelled))
        state.withLock { state in
            guard !state.isOver else { return }
            state.hasCancelled = true
            ring()
        }
    }

    /// Ends the thread soon; what is under way is completed with `closed`.
    func stop() {
        state.withLock { state in
            guard !state.isOver else { return }
            state.isStopped = true
            ring()
        }
    }

    /// Returns when the thread has let go of everything.
    func waitForEnd() async {
        await withCheckedContinuation { continuation in
            let isOver = state.withLock { state in
                if !state.isOver { state.waiters.append(continuation) }
                return state.isOver
            }
            if isOver { continuation.resume() }
        }
    }

    /// Under the lock. A counter that is full rings as well.
    private func ring() { _ = eventfd_write(bell, 1) }

    private func run() {
        var work = DNSWork(servers: servers, mostQuestions: mostQuestions, bell: bell)
        while true {
            let (incoming, hasCancelled, isStopped) = state.withLock { state in
                defer { (state.incoming, state.hasCancelled) = ([], false) }
                return (state.incoming, state.hasCancelled, state.isStopped)
            }
            work.add(incoming)
            if hasCancelled { work.sweep() }
            if isStopped { break }
            work.perform()
        }
        work.close()
        let waiters = state.withLock { state in
            state.isOver = true
            close(bell)
            return state.waiters
        }
        waiters.forEach { $0.resume() }
    }
}
