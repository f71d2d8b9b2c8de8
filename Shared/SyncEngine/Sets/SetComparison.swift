internal import Database
internal import Nostr
internal import Settings
internal import Synchronization

/// Compares one interval of a relay's history with what is stored of it, by set reconciliation (NIP-77).
///
/// The first message is made of day sums, a few hundred rows for millions of events; ids are loaded only for the
/// seconds that turn out to differ.
struct SetComparison: Sendable {
    /// What the two sides lack.
    struct Difference: Sendable {
        /// Ids that the relay claims to have and that are not linked to it here.
        var need: [EventID] = []
        /// Sightings that the relay no longer has.
        var gone: [StoredSighting] = []
        /// Live sightings here, before the comparison.
        var held = 0
        /// Its place among the comparisons under way, of one that is large; it goes back with it.
        var place: Place?
    }

    let session: any RelaySession
    let store: any SyncStore
    let relay: RelayID
    let settings: SyncSettings
    let archive: ArchiveFilter
    /// Whether the visit has time left.
    let mayContinue: @Sendable () -> Bool

    /// Runs one session over a window.
    /// - Throws: `DatabaseError`, `CancellationError`; failures of the relay are the ending.
    func run(_ window: ClosedRange<Int64>) async throws -> (ReconciliationEnding, Difference) {
        let first: Opening
        do {
            first = try await opening(window)
        } catch let error as NegentropyError {
            // More than may be held in memory: a smaller window is possible.
            return (error == .tooManyBytes ? .inconclusive(.overBudget) : .malformed(error.kind), Difference())
        }
        let state = Mutex(State(client: first.client, difference: Difference(held: first.held)))
        let budget = ReconciliationBudget(
            firstAnswerTimeout: settings.progressTimeout.duration, progressTimeout: settings.progressTimeout.duration)
        let ending = try await session.reconcile(archive.filter(of: window), opening: first.message, budget: budget) {
            message in
            // A relay may take its time for each of many rounds: the visit's own is what counts.
            guard mayContinue() else { throw NegentropyError.tooManyRounds }
            return try await answer(message, window, state)
        }
        return (ending, state.withLock { $0.difference })
    }

    private struct State {
        var client: NegentropyClient
        var difference: Difference
    }

    private struct Opening {
        let client: NegentropyClient
        let message: [UInt8]
        let held: Int
    }

    /// Whole days by their sums, the ends of the window by their items. The sums are of all that the relay showed, so
    /// under a filter everything goes by items.
    private func opening(_ window: ClosedRange<Int64>) async throws -> Opening {
        var client = NegentropyClient()
        let parts = DayWindow(window, usesDays: archive.takesAll)
        guard let days = parts.days else {
            let items = try await items(in: window)
            let message = client.open(NegentropySet(items))
            return Opening(client: client, message: message, held: items.count)
        }
        var buckets = try await bucket(of: parts.older)
        for (day, sum) in try await store.relayDays(relay, in: days) {
            let start = UnixTime(seconds: DayWindow.start(of: day))
            buckets.append(NegentropyBucket(start: start, count: Int(sum.count), idSum: sum.idSum))
        }
        buckets += try await bucket(of: parts.newer)
        let held = buckets.reduce(0) { $0 + $1.count }
        let message = client.open(buckets: buckets)
        return Opening(client: client, message: message, held: held)
    }

    /// None where nothing is there.
    private func bucket(of seconds: ClosedRange<Int64>?) async throws -> [NegentropyBucket] {
        guard let seconds else { return [] }
        let items = try await items(in: seconds)
        guard !items.isEmpty else { return [] }
        return [NegentropyBucket(start: UnixTime(seconds: seconds.lowerBound), items: NegentropySet(items))]
    }

    private func items(in seconds: ClosedRange<Int64>) async throws -> [NegentropyItem] {
        try await sightings(in: seconds, limit: settings.mostCompared).map {
            NegentropyItem(createdAt: $0.createdAt, id: $0.id)
        }
    }

    private func sightings(in seconds: ClosedRange<Int64>, limit: Int) async throws -> [StoredSighting] {
        let stored = try await store.relaySightings(
            relay, from: UnixTime(seconds: seconds.lowerBound), to: UnixTime(seconds: seconds.upperBound), limit: limit,
            matching: archive.filter)
        guard let stored else { throw NegentropyError.tooManyBytes }
        return stored.filter { !$0.isGone }
    }

    private func answer(
        _ bytes: [UInt8], _ window: ClosedRange<Int64>, _ state: borrowing Mutex<State>
    ) async throws -> [UInt8]? {
        let message = try NegentropyMessage.decode(bytes)
        let bounds = UnixTime(seconds: window.lowerBound)...UnixTime(seconds: window.upperBound)
        let spans = state.withLock { $0.client.spans(for: message, within: bounds) }
        var loaded: [StoredSighting] = []
        for span in spans {
            guard mayContinue() else { throw NegentropyError.tooManyRounds }
            let left = settings.mostCompared - loaded.count
            loaded += try await sightings(in: span.lowerBound.seconds...span.upperBound.seconds, limit: left)
        }
        let items = NegentropySet(loaded.map { NegentropyItem(createdAt: $0.createdAt, id: $0.id) })
        return try state.withLock { state throws(NegentropyError) in
            let round = try state.client.answer(message, with: items)
            state.difference.need += round.need
            // More than is held in memory: a smaller window has less.
            guard state.difference.need.count <= settings.mostCompared else { throw .tooManyBytes }
            let have = Set(round.have)
            state.difference.gone += loaded.filter { have.contains($0.id) }
            return round.reply
        }
    }
}
