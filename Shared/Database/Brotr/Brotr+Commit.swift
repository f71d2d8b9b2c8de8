import Nostr
import Settings

/// Storing pages: one call, one transaction, whatever it holds.
extension Brotr {
    /// The parameters stand in `SQLParameters.pages`, in this order.
    static func commitPages(_ names: ProcedureNames) -> NamedStatement {
        let types = pageTypes + eventTypes + sightingTypes + coverageTypes
        let places = (1...types.count).map { "$\($0)" }.joined(separator: ", ")
        return NamedStatement(
            "commit_pages",
            """
            SELECT c.relay_id, c.accepted, c.events_new, c.events_known, c.sightings_new
              FROM \(names.commitPages)(\(places)) AS c
            """,
            parameters: types, columns: [.int4, .bool, .int4, .int4, .int4], isIdempotent: true)
    }

    private static let pageTypes: [SQLType] = [
        .uuid, .int4Array, .int8Array, .int8Array, .int8Array, .int8Array, .int8Array, .int8Array, .boolArray,
        .int4Array, .int4Array, .jsonbArray,
    ]
    private static let eventTypes: [SQLType] = [
        .byteaArray, .byteaArray, .int8Array, .int4Array, .jsonbArray, .textArray, .byteaArray, .tagSetArray,
        .int8Array, .byteaArray, .int2Array, .uuidArray,
    ]
    /// New, known, gone, days, tombstones.
    private static let sightingTypes: [SQLType] = [
        .int4Array, .int4Array, .int4Array, .int8Array, .int8Array, .int4Array, .byteaArray, .int4Array, .int8Array,
        .int4Array, .int4Array, .int4Array, .byteaArray, .int4Array, .byteaArray, .int8Array,
    ]
    /// Drops, puts, quarantine.
    private static let coverageTypes: [SQLType] = [
        .int4Array, .int8Array, .int4Array, .int8Array, .int8Array, .int2Array, .int2Array, .int4Array, .int8Array,
        .int4Array, .int2Array, .int8Array, .int2Array, .int4Array, .textArray, .byteaArray, .byteaArray,
    ]

    /// Stores pages with the progress they justify.
    ///
    /// A page whose lease was lost is left out whole, the others go on. A batch that fails by its data is cut until the
    /// event that cannot be stored is alone; it goes to quarantine, the rest is stored.
    /// - Returns: one answer a page, in the order given.
    public func commitPages(_ batch: PagesBatch) async throws -> [CommitAnswer] {
        guard !batch.pages.isEmpty else { return [] }
        do {
            return try await commitOnce(batch)
        } catch let error as DatabaseError where error.isOfData {
            guard batch.pages.count > 1 else { return [try await commitWithoutPoison(batch, error)] }
            let half = batch.pages.count / 2
            return try await commitPages(batch.part(batch.pages[..<half]))
                + commitPages(batch.part(batch.pages[half...]))
        }
    }

    private func commitOnce(_ batch: PagesBatch) async throws -> [CommitAnswer] {
        do {
            return try await call(batch)
        } catch let error as DatabaseError where error.kind == .statementError {
            // The schema was made anew under our feet: its types have other identifiers now.
            pool.forgetNamedTypes()
            return try await call(batch)
        }
    }

    private func call(_ batch: PagesBatch) async throws -> [CommitAnswer] {
        let order = batch.pages.indices.sorted { (batch.pages[$0].relay, $0) < (batch.pages[$1].relay, $1) }
        let parameters = SQLParameters(
            pages: order.map { batch.pages[$0] }, of: batch, namedTypes: try await pool.namedTypes())
        let rows = try await pool.fetch(
            calls.commitPages, parameters: parameters, timeout: settings.timeouts.batch.duration)
        guard rows.count == order.count else { throw DatabaseError(.decoding, step: "commit_pages") }
        var answers: [(place: Int, answer: CommitAnswer)] = []
        for (place, row) in zip(order, rows) { answers.append((place, try Self.answer(row))) }
        return answers.sorted { $0.place < $1.place }.map(\.answer)
    }

    private static func answer(_ row: Row) throws -> CommitAnswer {
        CommitAnswer(
            relay: RelayID(try row.decode(at: 0)), accepted: try row.decode(at: 1),
            eventsNew: Int(try row.decode(Int32.self, at: 2)), eventsKnown: Int(try row.decode(Int32.self, at: 3)),
            sightingsNew: Int(try row.decode(Int32.self, at: 4)))
    }
}

/// One page with an event that the database cannot hold.
extension Brotr {
    /// First the events, in parts and without progress, so that the bad ones are found; then the page without them.
    /// Each call brings the sums of the rows that are there with it: who is killed in between leaves them right.
    private func commitWithoutPoison(_ batch: PagesBatch, _ cause: DatabaseError) async throws -> CommitAnswer {
        guard var page = batch.pages.first, !page.newEvents.isEmpty else { throw cause }
        var search = PoisonSearch(page, batch.events)
        if !page.known.isEmpty || !page.gone.isEmpty {
            for answer in try await commitOnce(PagesBatch(owner: batch.owner, pages: [search.rest(of: page)])) {
                search.add(answer)
            }
            (page.known, page.gone) = ([], [])
        }
        try await store(page.newEvents.map { batch.events[$0] }, of: page, batch.owner, &search)
        // Nothing was found: it is the page itself that is wrong.
        guard search.answer.accepted else { return search.answer }
        guard !search.poisoned.isEmpty else { throw cause }
        for (event, error) in search.poisoned {
            page.leaveOut(event, because: error)
        }
        page.newEvents = []
        let rest = try await commitOnce(PagesBatch(owner: batch.owner, pages: [page]))
        for answer in rest { search.add(answer) }
        search.answer.poisoned = search.poisoned.map(\.event.id)
        return search.answer
    }

    private struct PoisonSearch {
        var answer: CommitAnswer
        var poisoned: [(event: Event, error: DatabaseError)] = []
        /// Of the days that the page touches, with what was stored so far.
        private var sums: [Int32: DaySum]

        init(_ page: RelayPage, _ events: [Event]) {
            answer = CommitAnswer(relay: page.relay, accepted: true)
            sums = Dictionary(page.days.map { ($0.day, $0.sum) }, uniquingKeysWith: { $1 })
            for place in page.newEvents {
                sums[DaySum.day(of: events[place].createdAt)]?.subtract(events[place].id)
            }
        }

        /// What a page changes beside new events and progress.
        func rest(of page: RelayPage) -> RelayPage {
            var rest = RelayPage(relay: page.relay, fence: page.fence)
            (rest.known, rest.gone) = (page.known, page.gone)
            rest.days = sums.sorted { $0.key < $1.key }.map { ($0.key, $0.value) }
            return rest
        }

        /// The sums once these events are stored too.
        func days(with events: [Event]) -> [(day: Int32, sum: DaySum)] {
            var added: [Int32: DaySum] = [:]
            for event in events {
                let day = DaySum.day(of: event.createdAt)
                guard var sum = added[day] ?? sums[day] else { continue }
                sum.add(event.id)
                added[day] = sum
            }
            return added.sorted { $0.key < $1.key }.map { ($0.key, $0.value) }
        }

        mutating func note(_ days: [(day: Int32, sum: DaySum)]) {
            for (day, sum) in days { sums[day] = sum }
        }

        mutating func add(_ part: CommitAnswer) {
            answer.accepted = answer.accepted && part.accepted
            answer.eventsNew += part.eventsNew
            answer.eventsKnown += part.eventsKnown
            answer.sightingsNew += part.sightingsNew
        }
    }

    private func store(
        _ events: [Event], of page: RelayPage, _ owner: ReplicaID, _ search: inout PoisonSearch
    ) async throws {
        guard search.answer.accepted, !events.isEmpty else { return }
        var bare = RelayPage(relay: page.relay, fence: page.fence)
        bare.newEvents = Array(events.indices)
        bare.days = search.days(with: events)
        do {
            for answer in try await commitOnce(PagesBatch(owner: owner, pages: [bare], events: events)) {
                search.add(answer)
            }
            search.note(bare.days)
        } catch let error as DatabaseError where error.isOfData {
            guard events.count > 1 else { return search.poisoned.append((events[0], error)) }
            try await store(Array(events[..<(events.count / 2)]), of: page, owner, &search)
            try await store(Array(events[(events.count / 2)...]), of: page, owner, &search)
        }
    }
}

extension DatabaseError {
    /// It is the data that is wrong, so a smaller batch may go through. 22023 is our own mistake in a call.
    var isOfData: Bool {
        switch kind {
        case .dataError, .encoding: sqlState != "22023"
        case .constraintViolation: sqlState == "23514" || sqlState == "23502"
        default: false
        }
    }
}
