import CCurl
import Glibc
import Synchronization
import Threads

/// libcurl's multi interface on a thread of its own: transfers go in by `start`, and each is completed exactly once.
final class CurlLoop: Sendable {
    private struct State {
        var incoming: [CurlTransfer] = []
        var cancelled: [CurlTransfer] = []
        var isStopped = false
        var isOver = false
        var waiters: [CheckedContinuation<Void, Never>] = []
    }

    /// Once a process, before the first handle; the library says itself that this is safe from any thread.
    private static let isReady = ccurl_start() == CURLE_OK

    private let state = Mutex(State())
    /// Used by the loop's thread; others only wake it, under the lock and only until it is over, as libcurl allows.
    nonisolated(unsafe) private let multi: UnsafeMutableRawPointer
    private let caFile: String?
    private let mostTransfers: Int

    /// Starts the thread. Throws `failed` when the system has none left.
    init(caFile: String?, mostTransfers: Int) throws(FetchError) {
        guard Self.isReady, let multi = curl_multi_init() else { throw FetchError(.failed, "libcurl does not start") }
        self.multi = multi
        self.caFile = caFile
        self.mostTransfers = max(1, mostTransfers)
        // Every hop has a connection of its own: nothing is shared, and nothing is kept.
        ccurl_multi_set_long(multi, CURLMOPT_PIPELINING, 0)
        ccurl_multi_set_long(multi, CURLMOPT_MAXCONNECTS, 1)
        guard DetachedThread.start(name: "http-fetch", { self.run() }) else {
            curl_multi_cleanup(multi)
            throw FetchError(.failed, "no thread left")
        }
    }

    /// Queues a transfer; it is completed with `closed` when the loop has been stopped.
    func start(_ transfer: CurlTransfer) {
        let isTaken = state.withLock { state in
            guard !state.isStopped else { return false }
            state.incoming.append(transfer)
            curl_multi_wakeup(multi)
            return true
        }
        if !isTaken { transfer.complete(.failure(FetchError(.closed))) }
    }

    /// Takes a transfer away and completes it with `cancelled`; nothing where it is complete already.
    func cancel(_ transfer: CurlTransfer) {
        transfer.complete(.failure(FetchError(.cancelled)))
        state.withLock { state in
            guard !state.isOver else { return }
            state.cancelled.append(transfer)
            curl_multi_wakeup(multi)
        }
    }

    /// Ends the thread soon; what is under way is completed with `closed`.
    func stop() {
        state.withLock { state in
            guard !state.isOver else { return }
            state.isStopped = true
            curl_multi_wakeup(multi)
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

    private func run() {
        var work = CurlWork(multi: multi, caFile: caFile, mostTransfers: mostTransfers)
        while true {
            let (incoming, cancelled, isStopped) = state.withLock { state in
                defer { (state.incoming, state.cancelled) = ([], []) }
                return (state.incoming, state.cancelled, state.isStopped)
            }
            work.add(incoming)
            work.remove(cancelled)
            if isStopped { break }
            work.perform()
        }
        work.close()
        let waiters = state.withLock { state in
            state.isOver = true
            curl_multi_cleanup(multi)
            return state.waiters
        }
        waiters.forEach { $0.resume() }
    }
}
