import CCurl

/// What the loop's thread has in hand; nobody else ever sees it.
struct CurlWork {
    private let multi: UnsafeMutableRawPointer
    private let caFile: String?
    private let mostTransfers: Int
    private var waiting: [CurlTransfer] = []
    private var active: [UnsafeMutableRawPointer: CurlExchange] = [:]

    init(multi: UnsafeMutableRawPointer, caFile: String?, mostTransfers: Int) {
        self.multi = multi
        self.caFile = caFile
        self.mostTransfers = mostTransfers
    }

    mutating func add(_ transfers: [CurlTransfer]) { waiting += transfers }

    mutating func remove(_ transfers: [CurlTransfer]) {
        guard !transfers.isEmpty else { return }
        let gone = Set(transfers.map { ObjectIdentifier($0) })
        waiting.removeAll { gone.contains(ObjectIdentifier($0)) }
        for (handle, exchange) in active where gone.contains(ObjectIdentifier(exchange.transfer)) { release(handle) }
    }

    /// One turn: begins what there is room for, moves bytes, answers what is done, and waits for something to happen.
    mutating func perform() {
        expire()
        while !waiting.isEmpty, active.count < mostTransfers { begin(waiting.removeFirst()) }
        var running: Int32 = 0
        curl_multi_perform(multi, &running)
        let hasFinished = finish()
        // Somebody waits for the place that has become free.
        if hasFinished, !waiting.isEmpty { return }
        curl_multi_poll(multi, nil, 0, waiting.isEmpty ? 60_000 : 100, nil)
    }

    /// Lets go of everything; what is under way is answered with `closed`.
    mutating func close() {
        for transfer in waiting + active.values.map(\.transfer) { transfer.complete(.failure(FetchError(.closed))) }
        waiting = []
        for handle in Array(active.keys) { release(handle) }
    }

    /// A place in the queue is no reason to last longer than the deadline.
    private mutating func expire() {
        guard !waiting.isEmpty else { return }
        let now = ContinuousClock.now
        for transfer in waiting where transfer.hop.end <= now { transfer.complete(.failure(FetchError(.timeout))) }
        waiting.removeAll { $0.hop.end <= now }
    }

    private mutating func begin(_ transfer: CurlTransfer) {
        // Cancelled while it was on its way here.
        guard !transfer.isDone else { return }
        do throws(FetchError) {
            let exchange = try CurlExchange(transfer, caFile: caFile)
            guard curl_multi_add_handle(multi, exchange.easy) == CURLM_OK else {
                throw FetchError(.failed, "not taken")
            }
            active[exchange.easy] = exchange
        } catch {
            transfer.complete(.failure(error))
        }
    }

    /// Whether anything was done.
    private mutating func finish() -> Bool {
        var hasFinished = false
        var left: Int32 = 0
        while let message = curl_multi_info_read(multi, &left) {
            guard message.pointee.msg == CURLMSG_DONE, let handle = message.pointee.easy_handle else { continue }
            // The message ends with the next call about the handle.
            let code = ccurl_result(message)
            active[handle]?.finish(code)
            release(handle)
            hasFinished = true
        }
        return hasFinished
    }

    /// Takes a handle out and ends it, in this order: libcurl wants it out of the loop before it is cleaned up.
    private mutating func release(_ handle: UnsafeMutableRawPointer) {
        curl_multi_remove_handle(multi, handle)
        active[handle] = nil
    }
}
