internal import Crypto
internal import Database
internal import Nostr
internal import Settings

/// Turns fetched pages into rows: known ids are looked up, only new events are verified, day sums are moved.
///
/// One preparer serves one visit of one relay, in the order of its pages. It may be a page ahead of the commits;
/// the ids of pages not yet committed are remembered, so that the second two pages share is not stored twice.
struct PagePreparer {
    private let relay: RelayID
    private let brotr: Brotr
    private let check: SignatureCheck
    private let settings: SyncSettings
    private var ledger = DayLedger()
    private var previous: Set<EventID> = []

    init(relay: RelayID, brotr: Brotr, verifier: SchnorrVerifier, settings: SyncSettings) {
        self.relay = relay
        self.brotr = brotr
        self.settings = settings
        check = SignatureCheck(verifier: verifier)
    }

    /// The rows of one page, cut into parts that one database call takes.
    /// - Throws: `DatabaseError` of the look-ups, `CancellationError`.
    mutating func prepare(_ page: FetchedPage) async throws -> PreparedPage {
        var prepared = PreparedPage()
        prepared.count(page.rejected)
        let fresh = page.items.filter { !previous.contains($0.event.id) }
        previous = Set(page.items.map(\.event.id))
        let stored = fresh.filter { isStored($0.event.kind) }
        prepared.ephemeral = fresh.count - stored.count
        let known = try await brotr.knownEvents(stored.map(\.event.id), relay: relay)
        var sightings = Sightings()
        for (item, entry) in zip(stored, known) {
            guard let entry else {
                sightings.unknown.append(item)
                continue
            }
            prepared.known += 1
            if !entry.isLinked { sightings.known.append((item.event, entry.event)) }
        }
        try await keepVerified(&sightings, &prepared, page)
        try await loadDays(of: sightings)
        cut(sightings, page, into: &prepared)
        return prepared
    }

    /// What of a page becomes a row.
    private struct Sightings {
        var unknown: [FetchedPage.Item] = []
        var known: [(event: ParsedEvent, number: Int64)] = []
    }

    /// Ephemeral kinds by setting; authentication events of NIP-42 and NIP-98 never.
    private func isStored(_ kind: UInt16) -> Bool {
        if kind == 22_242 || kind == 27_235 { return false }
        return settings.storesEphemeral || !(20_000...29_999).contains(kind)
    }

    private func keepVerified(
        _ sightings: inout Sightings, _ prepared: inout PreparedPage, _ page: FetchedPage
    ) async throws {
        let valid = await check.areValid(sightings.unknown.map(\.event))
        try Task.checkCancellation()
        prepared.verified = valid.count
        var kept: [FetchedPage.Item] = []
        for (item, isValid) in zip(sightings.unknown, valid) {
            if isValid {
                kept.append(item)
            } else {
                prepared.count([page.rejection(item, reason: "bad_signature")])
            }
        }
        sightings.unknown = kept
    }

    private mutating func loadDays(of sightings: Sightings) async throws {
        let seconds = sightings.unknown.map(\.event.createdAt) + sightings.known.map(\.event.createdAt)
        let missing = ledger.missingDays(seconds)
        guard !missing.isEmpty else { return }
        ledger.load(missing, try await brotr.relayDays(relay, days: missing))
    }

    /// Cuts by rows and bytes; the day sums of a part are those after its own rows.
    private mutating func cut(_ sightings: Sightings, _ page: FetchedPage, into prepared: inout PreparedPage) {
        var part = PreparedPage.Part()
        var days: Set<Int32> = []
        var pageDays: Set<Int32> = []
        for item in sightings.unknown {
            let event = page.materialised(item)
            if part.rows > 0,
                part.rows >= settings.batchRows || part.bytes + event.byteCount > settings.batchBytes.bytes
            {
                close(&part, &days, into: &prepared)
            }
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
        close(&part, &days, into: &prepared)
        ledger.forget(all: pageDays)
    }

    private func close(_ part: inout PreparedPage.Part, _ days: inout Set<Int32>, into prepared: inout PreparedPage) {
        part.days = ledger.values(of: days)
        prepared.parts.append(part)
        part = PreparedPage.Part()
        days = []
    }
}

extension Event {
    /// Bytes this event adds to a database call.
    var byteCount: Int { tagsJSON.count + content.count + (raw?.count ?? 0) + 8 * tagKeys.count + 200 }
}
