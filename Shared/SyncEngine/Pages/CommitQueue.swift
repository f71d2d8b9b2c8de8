internal import Crypto
internal import Database
internal import Nostr
internal import Settings
internal import Synchronization

/// Joins pages that wait for the database into one call. While as many calls as allowed are under way, further pages
/// gather: batches grow with the load, and an idle archive waits for nothing.
///
/// Pages of one relay stay in their order: while one of them is under way, the others wait for its answer.
final class CommitQueue: Sendable {
    /// Bounds of the calls.
    struct Limits: Sendable {
        /// Calls under way at the same time.
        var calls = 2
        /// New events and sightings of one call; a page that has more goes alone.
        var rows = 1_000
        /// Event bytes of one call; a page that has more goes alone.
        var bytes = 4 << 20

        /// The defaults.
        init() {}

        /// As the settings have it.
        init(_ settings: SyncSettings) {
            calls = settings.batchCalls
            rows = settings.batchRows
            bytes = settings.batchBytes.bytes
        }
    }

    /// Measured once: the queue looks at what waits again and again.
    fileprivate struct Entry {
        let number: Int
        let batch: PagesBatch
        let relays: Set<RelayID>
        let rows: Int
        let bytes: Int

        init(_ number: Int, _ batch: PagesBatch) {
            self.number = number
            self.batch = batch
            relays = Set(batch.pages.map(\.relay))
            rows = batch.rows
            bytes = batch.bytes
        }
    }

    /// One call of the store.
    fileprivate struct Call {
        let number: Int
        let entries: [Entry]
        /// Entries whose visits still wait for the answer.
        var wanted: Set<Int>
        var task: Task<Void, Never>?
    }

    fileprivate struct State {
        var waiting: [Entry] = []
        var answers: [Int: CheckedContinuation<[CommitAnswer], any Error>] = [:]
        var busy: Set<RelayID> = []
        var calls: [Int: Call] = [:]
        var nextNumber = 0
    }

    private let store: any SyncStore
    private let executor: (any TaskExecutor)?
    private let limits: Limits
    private let state = Mutex(State())

    init(store: any SyncStore, executor: (any TaskExecutor)?, limits: Limits) {
        self.store = store
        self.executor = executor
        self.limits = limits
    }

    /// Pages that wait or are under way.
    var count: Int { state.withLock { $0.answers.count } }

    /// Stores pages of one relay, together with what else waits.
    /// - Returns: one answer a page, in the order given.
    /// - Throws: `DatabaseError`; `CancellationError`, after which the pages may be stored or not.
    func commit(_ batch: PagesBatch) async throws -> [CommitAnswer] {
        let number = state.withLock { state in
            state.nextNumber += 1
            return state.nextNumber
        }
        let entry = Entry(number, batch)
        return try await withTaskCancellationHandler {
            try await withCheckedThrowingContinuation { continuation in
                let isOver = state.withLock { state in
                    // Cancelled before the continuation was kept: nobody would resume it later.
                    guard !Task.isCancelled else { return true }
                    state.waiting.append(entry)
                    state.answers[number] = continuation
                    return false
                }
                if isOver { continuation.resume(throwing: CancellationError()) } else { callNext() }
            }
        } onCancel: {
            cancel(number)
        }
    }

    /// What waits is not sent. What is under way goes on as long as anybody wants it; the last one to lose interest
    /// stops it and waits for its end, so that nothing is stored behind the back of a service that has ended.
    private func cancel(_ number: Int) {
        let (continuation, task) = state.withLock { $0.cancel(number) }
        task?.cancel()
        continuation?.resume(throwing: CancellationError())
    }

    /// Begins as many calls as there is room for.
    private func callNext() {
        while let call = state.withLock({ $0.take(limits) }) {
            // The pages of several visits go together, so no visit's task can be the parent. Each of them waits for the
            // answer, and the last that is cancelled cancels it.
            let task = Task(executorPreference: executor) { await self.run(call) }
            let isUnwanted = state.withLock { $0.begin(call.number, task) }
            if isUnwanted { task.cancel() }
        }
    }

    private func run(_ call: Call) async {
        for (entry, result) in zip(call.entries, await results(call.entries)) {
            state.withLock { $0.answers.removeValue(forKey: entry.number) }?.resume(with: result)
        }
        state.withLock { $0.end(call) }
        callNext()
    }

    /// Visits do not pay for each other: what the database would not take together, but for its own troubles, is asked
    /// for again one by one.
    private func results(_ group: [Entry]) async -> [Result<[CommitAnswer], any Error>] {
        let together = await store(PagesBatch(joining: group.map(\.batch)))
        guard case .failure(let error as DatabaseError) = together, group.count > 1, error.mayBeOfOnePage,
            !Task.isCancelled
        else {
            var place = 0
            return group.map { entry in
                let pages = place..<(place + entry.batch.pages.count)
                place = pages.upperBound
                return together.flatMap { Self.part($0, pages) }
            }
        }
        var results: [Result<[CommitAnswer], any Error>] = []
        for entry in group { results.append(await store(entry.batch)) }
        return results
    }

    private func store(_ batch: PagesBatch) async -> Result<[CommitAnswer], any Error> {
        do {
            return .success(try await store.commitPages(batch))
        } catch {
            return .failure(error)
        }
    }

    private static func part(_ answers: [CommitAnswer], _ pages: Range<Int>) -> Result<[CommitAnswer], any Error> {
        guard pages.upperBound <= answers.count else {
            return .failure(DatabaseError(.decoding, step: "commit_pages"))
        }
        return .success(Array(answers[pages]))
    }
}

extension CommitQueue.State {
    /// The pages of the next call, in the order they came; nil where nothing can be called now.
    fileprivate mutating func take(_ limits: CommitQueue.Limits) -> CommitQueue.Call? {
        guard calls.count < limits.calls else { return nil }
        var (rows, bytes) = (0, 0)
        var group: [CommitQueue.Entry] = []
        for entry in waiting where entry.relays.isDisjoint(with: busy) {
            rows += entry.rows
            bytes += entry.bytes
            if !group.isEmpty, rows > limits.rows || bytes > limits.bytes { break }
            group.append(entry)
        }
        guard !group.isEmpty else { return nil }
        let taken = Set(group.map(\.number))
        waiting.removeAll { taken.contains($0.number) }
        for entry in group { busy.formUnion(entry.relays) }
        nextNumber += 1
        let call = CommitQueue.Call(number: nextNumber, entries: group, wanted: taken)
        calls[call.number] = call
        return call
    }

    /// Keeps the task of a call; true where nobody wants it any more.
    fileprivate mutating func begin(_ number: Int, _ task: Task<Void, Never>) -> Bool {
        calls[number]?.task = task
        return calls[number]?.wanted.isEmpty ?? false
    }

    fileprivate mutating func end(_ call: CommitQueue.Call) {
        calls[call.number] = nil
        for entry in call.entries { busy.subtract(entry.relays) }
    }

    /// What is to be resumed and what is to be cancelled, where an entry is.
    fileprivate mutating func cancel(
        _ entry: Int
    ) -> (CheckedContinuation<[CommitAnswer], any Error>?, Task<Void, Never>?) {
        waiting.removeAll { $0.number == entry }
        guard let call = calls.values.first(where: { $0.wanted.contains(entry) }) else {
            return (answers.removeValue(forKey: entry), nil)
        }
        calls[call.number]?.wanted.remove(entry)
        guard call.wanted.count == 1 else { return (answers.removeValue(forKey: entry), nil) }
        return (nil, call.task)
    }
}

extension PagesBatch {
    fileprivate var rows: Int {
        pages.reduce(0) { $0 + $1.newEvents.count + $1.known.count + $1.gone.count + $1.quarantined.count }
    }
    fileprivate var bytes: Int {
        let rejected = pages.reduce(0) { $0 + $1.quarantined.reduce(0) { $0 + $1.raw.count } }
        return events.reduce(rejected) { $0 + $1.byteCount }
    }

    /// The pages of batches of one owner, in order, with each event once.
    init(joining batches: [PagesBatch]) {
        self = batches.first ?? PagesBatch(owner: .random(), pages: [])
        guard batches.count > 1 else { return }
        var places: [EventID: Int] = [:]
        for (place, event) in events.enumerated() { places[event.id] = place }
        for batch in batches.dropFirst() {
            let moved = batch.events.map { event in
                if let place = places[event.id] { return place }
                events.append(event)
                places[event.id] = events.count - 1
                return events.count - 1
            }
            pages += batch.pages.map { page in
                var page = page
                page.newEvents = page.newEvents.map { moved[$0] }
                return page
            }
        }
    }
}

extension DatabaseError {
    /// One of the pages of a call may be to blame, so that the others go through without it.
    fileprivate var mayBeOfOnePage: Bool {
        switch kind {
        case .deadlineExceeded, .queryCancelled, .constraintViolation, .dataError, .encoding, .other: true
        default: false
        }
    }
}
