internal import Database
internal import Nostr
internal import Settings

/// Turns fetched pages into rows: known ids are looked up, new events and new signatures of known ones are verified,
/// day sums are moved.
///
/// One preparer serves one visit of one relay, in the order of its pages. It may be a page ahead of the commits;
/// the events of pages not yet committed are remembered, so that the second two pages share is not stored twice.
/// What the database refuses of a commit has to be told by `leaveOut` before the next one is sent.
struct PagePreparer {
    private let relay: RelayID
    private let store: any SyncStore
    private let check: SignatureCheck
    private let settings: SyncSettings
    private var ledger = DayLedger()
    /// What the page before had, and hashes of the signatures under which it is on its way to the tables.
    private var previous: [EventID: Int] = [:]
    private var daysBefore: Set<Int32> = []
    /// Events that the database refused in this visit.
    private var refused: Set<EventID> = []
    /// Of these, so many are kept in mind; others are refused once more where they come again.
    private static let mostRefused = 1_000

    init(relay: RelayID, context: SyncContext, settings: SyncSettings) {
        self.relay = relay
        store = context.store
        self.settings = settings
        check = SignatureCheck(isAuthentic: context.isAuthentic)
    }

    /// The rows of one page, cut into parts that one database call takes.
    /// - Throws: `DatabaseError` of the look-ups, `CancellationError`.
    mutating func prepare(_ page: FetchedPage) async throws -> PreparedPage {
        var prepared = PreparedPage()
        prepared.loan = page.loan
        prepared.count(page.rejected)
        let verdict = try await verify(try await lookUp(page, &prepared), &prepared)
        prepared.count(verdict.forged.map { page.rejection($0, reason: EventError.badSignature.kind) })
        prepared.secondSignatures = verdict.secondSignatures
        // What failed its signature may come again with the right one.
        previous = verdict.signatures
        var sightings = Sightings()
        for copy in verdict.valid { take(copy, &sightings, &prepared) }
        try await loadDays(
            at: sightings.unknown.map(\.event.createdAt) + sightings.known.map(\.event.createdAt))
        cut(sightings, page, into: &prepared)
        return prepared
    }

    /// What of a page becomes a row.
    private struct Sightings {
        var unknown: [FetchedPage.Item] = []
        var known: [(event: ParsedEvent, number: Int64)] = []
    }

    /// What is known of the events of a page, but for kinds that are not stored.
    private func lookUp(_ page: FetchedPage, _ prepared: inout PreparedPage) async throws -> ReceivedEvents {
        var received = ReceivedEvents(capacity: page.items.count)
        var fresh: [FetchedPage.Item] = []
        for item in [page.items, page.copies].joined() {
            if !isStored(item.event.kind) {
                prepared.ephemeral.insert(item.event.id)
            } else if refused.contains(item.event.id) {
                prepared.refused.insert(item.event.id)
            } else if let signature = previous[item.event.id] {
                received.add(item, shownUnder: signature)
            } else {
                fresh.append(item)
            }
        }
        let known = try await store.knownEvents(
            fresh.map(\.event.id), signatures: fresh.map(\.event.signature), relay: relay)
        for (item, entry) in zip(fresh, known) {
            if let entry, entry.isErased {
                prepared.erased.insert(item.event.id)
            } else {
                received.add(item, entry)
            }
        }
        return received
    }

    private func verify(
        _ received: ReceivedEvents, _ prepared: inout PreparedPage
    ) async throws -> ReceivedEvents.Verdict {
        let valid = await check.areValid(received.unverified)
        try Task.checkCancellation()
        prepared.verified = valid.count
        return received.judged(valid)
    }

    /// Makes a row of a valid event where there is none. A comparison has to know that it was shown in any case.
    private func take(
        _ copy: ReceivedEvents.Copy, _ sightings: inout Sightings, _ prepared: inout PreparedPage
    ) {
        var isFresh = true
        switch copy.standing {
        case .unknown: sightings.unknown.append(copy.item)
        case .shownBefore:
            prepared.again += 1
            isFresh = false
        case .stored(let known):
            prepared.known += 1
            isFresh = !known.isLinked
            if isFresh { sightings.known.append((copy.item.event, known.event)) }
        }
        prepared.shown.append(.init(copy.item.event, isFresh: isFresh))
    }

    /// Ephemeral kinds by setting; authentication events of NIP-42 and NIP-98 never.
    private func isStored(_ kind: UInt16) -> Bool {
        if kind == NIP42Authentication.kind || kind == 27_235 { return false }
        return settings.storesEphemeral || !(20_000...29_999).contains(kind)
    }

    /// Takes events out of the day sums that a commit counted and the database refused, and does not send them again.
    mutating func leaveOut(_ events: [RefusedEvent]) {
        for event in events {
            ledger.leaveOut(event)
            if refused.count < Self.mostRefused { refused.insert(event.id) }
        }
    }

    /// Adds to a prepared page what the comparison of a whole part found: sightings to end and sightings to take up
    /// again. The page must be the one prepared last.
    mutating func amend(_ prepared: inout PreparedPage, with difference: PassRecord.Difference) async throws {
        guard !difference.gone.isEmpty || !difference.returned.isEmpty else { return }
        try await loadDays(
            at: difference.gone.map(\.createdAt) + difference.returned.map(\.sighting.createdAt))
        var days: Set<Int32> = []
        var part = PreparedPage.Part()
        for event in difference.returned {
            if part.rows >= settings.batchRows { close(&part, &days, into: &prepared) }
            note(ledger.add(event.id, at: event.sighting.createdAt), &days)
            part.known.append(event.sighting)
        }
        for sighting in difference.gone {
            if part.rows >= settings.batchRows { close(&part, &days, into: &prepared) }
            note(ledger.subtract(sighting.id, at: sighting.createdAt), &days)
            part.gone.append(sighting.event)
        }
        close(&part, &days, into: &prepared)
    }

    /// The next page must not read this day from the database: the commit that changes it may still be under way.
    private mutating func note(_ day: Int32, _ days: inout Set<Int32>) {
        days.insert(day)
        daysBefore.insert(day)
    }

    private mutating func loadDays(at seconds: [UnixTime]) async throws {
        let missing = ledger.missingDays(seconds)
        guard !missing.isEmpty else { return }
        ledger.load(missing, try await store.relayDays(relay, days: missing))
    }

    /// Cuts by rows and bytes; the day sums of a part are those after its own rows.
    private mutating func cut(_ sightings: Sightings, _ page: FetchedPage, into prepared: inout PreparedPage) {
        var part = PreparedPage.Part()
        var days: Set<Int32> = []
        var pageDays: Set<Int32> = []
        for item in sightings.unknown {
            let event = page.materialised(item)
            if isFull(part, with: event.byteCount) { close(&part, &days, into: &prepared) }
            let day = ledger.add(event.id, at: event.createdAt)
            days.insert(day)
            pageDays.insert(day)
            part.add(event)
        }
        for (event, number) in sightings.known {
            if part.rows >= settings.batchRows { close(&part, &days, into: &prepared) }
            let day = ledger.add(event.id, at: event.createdAt)
            days.insert(day)
            pageDays.insert(day)
            part.known.append(
                KnownSighting(event: number, createdAt: event.createdAt, kind: event.kind, pubkey: event.pubkey))
        }
        for event in prepared.rejected {
            if isFull(part, with: event.bytes.count) { close(&part, &days, into: &prepared) }
            part.add(event)
        }
        close(&part, &days, into: &prepared)
        // The page before may still be on its way to the database, so its days cannot be read there yet.
        ledger.forget(all: pageDays.union(daysBefore))
        daysBefore = pageDays
    }

    private func isFull(_ part: PreparedPage.Part, with bytes: Int) -> Bool {
        guard part.rows > 0 else { return false }
        return part.rows >= settings.batchRows || part.bytes + bytes > settings.batchBytes.bytes
    }

    private func close(_ part: inout PreparedPage.Part, _ days: inout Set<Int32>, into prepared: inout PreparedPage) {
        part.days = ledger.values(of: days)
        prepared.parts.append(part)
        part = PreparedPage.Part()
        days = []
    }
}

extension PreparedPage.Shown {
    fileprivate init(_ event: ParsedEvent, isFresh: Bool) {
        self.init(
            id: event.id, createdAt: event.createdAt, kind: event.kind, pubkey: event.pubkey, isFresh: isFresh)
    }
}

extension Event {
    /// Bytes this event adds to a database call.
    var byteCount: Int { tagsJSON.count + content.count + (raw?.count ?? 0) + 8 * tagKeys.count + 200 }
}
