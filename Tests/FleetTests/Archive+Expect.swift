import Crypto
import Database
import Support
import Testing

extension Fleet {
    /// Expects each relay's events, seen there exactly once, and nothing else.
    /// - Parameter held: by canonical URL.
    @discardableResult
    func expectExactly(
        _ held: [String: Set<Bytes32>], sourceLocation: SourceLocation = #_sourceLocation
    ) async throws -> Archive {
        let archive = try await expectConsistent(sourceLocation: sourceLocation)
        let all = held.values.reduce(into: Set<Bytes32>()) { $0.formUnion($1) }
        let (missing, foreign) = (all.subtracting(archive.ids).count, archive.ids.subtracting(all).count)
        check(missing == 0, "\(missing) of \(all.count) events are missing", sourceLocation)
        check(foreign == 0, "\(foreign) events nobody sent", sourceLocation)
        let seen = archive.idsByRelay
        for (url, ids) in held where !ids.isEmpty {
            let found = seen[url] ?? []
            check(found == ids, "\(url): \(found.count) seen, \(ids.count) held", sourceLocation)
        }
        let (count, sightings) = (held.values.reduce(0) { $0 + $1.count }, archive.sightings.count)
        check(sightings == count, "\(sightings) sightings of \(count)", sourceLocation)
        return archive
    }

    /// Expects that everything in the archive follows from its events and sightings, whenever it is looked at: no batch
    /// is there in part.
    @discardableResult
    func expectConsistent(sourceLocation: SourceLocation = #_sourceLocation) async throws -> Archive {
        let archive = try await archive()
        let verifier = SchnorrVerifier()
        let broken = archive.events.filter { !$0.isAuthentic(verifier) }
        check(broken.isEmpty, "\(broken.count) events are not what was signed", sourceLocation)
        check(archive.ids.count == archive.events.count, "an event is stored twice", sourceLocation)
        expectSightings(archive, sourceLocation)
        expectDays(archive, sourceLocation)
        try await expectBatches(archive, sourceLocation)
        try await expectVersions(archive, sourceLocation)
        try await expectViews(archive, sourceLocation)
        return archive
    }

    /// Batches name each event once, and those that were erased since.
    private func expectBatches(_ archive: Archive, _ sourceLocation: SourceLocation) async throws {
        let erased = try await number("SELECT deleted FROM orphan_walks WHERE name = 'vanished'")
        let batched = Set(archive.batched)
        check(batched.count == archive.batched.count, "event_batches: an event twice", sourceLocation)
        let isWhole = batched.isSuperset(of: archive.events.map(\.number))
        check(isWhole, "event_batches: an event is missing", sourceLocation)
        check(batched.count == archive.events.count + erased, "event_batches: an event too many", sourceLocation)
    }

    private func expectSightings(_ archive: Archive, _ sourceLocation: SourceLocation) {
        let times = Dictionary(uniqueKeysWithValues: archive.events.map { ($0.number, $0.createdAt) })
        check(
            archive.sightings.allSatisfy { times[$0.event] == $0.createdAt }, "a sighting is of another time",
            sourceLocation)
        check(Set(archive.sightings).count == archive.sightings.count, "a sighting is stored twice", sourceLocation)
        let unseen = Set(times.keys).subtracting(archive.sightings.map(\.event))
        check(unseen.isEmpty, "\(unseen.count) events without a sighting", sourceLocation)
    }

    private func expectDays(_ archive: Archive, _ sourceLocation: SourceLocation) {
        let ids = Dictionary(uniqueKeysWithValues: archive.events.map { ($0.number, $0.id) })
        // What is gone is not counted there; the last day stands for all that is later.
        let groups = Dictionary(grouping: archive.sightings.filter { !$0.isGone }) {
            Archive.Day(relay: $0.relay, day: Int32(clamping: $0.createdAt / 86_400))
        }
        check(Set(groups.keys) == Set(archive.days.keys), "days of relay_day", sourceLocation)
        for (day, sightings) in groups {
            let stored = archive.days[day]
            check(stored?.count == sightings.count, "relay_day.n of \(day)", sourceLocation)
            check(
                stored?.sum == Archive.sum(sightings.compactMap { ids[$0.event] }), "relay_day.idsum of \(day)",
                sourceLocation)
        }
    }

    /// NIP-01: the newest version counts, on equal times the one with the lowest id.
    private func expectVersions(_ archive: Archive, _ sourceLocation: SourceLocation) async throws {
        let versions = Dictionary(grouping: archive.events.filter { $0.address != nil }) { $0.address ?? "" }
        let newest = versions.values.compactMap {
            $0.min { ($1.createdAt, $0.id) < ($0.createdAt, $1.id) }?.id
        }
        let rows = try await database.pool.fetch("SELECT event_id FROM latest_versions")
        let stored = try rows.map { try $0.decode(Bytes32.self, at: 0) }
        check(stored.sorted() == newest.sorted(), "latest_versions", sourceLocation)
    }
}

/// A failure shows the words and not what was compared: nobody reads thousands of ids.
private func check(_ holds: Bool, _ what: String, _ sourceLocation: SourceLocation) {
    #expect(holds, Comment(rawValue: what), sourceLocation: sourceLocation)
}

extension Fleet {
    private func expectViews(_ archive: Archive, _ sourceLocation: SourceLocation) async throws {
        let events = Dictionary(uniqueKeysWithValues: archive.events.map { ($0.number, $0) })
        let seen = archive.sightings.compactMap { sighting in
            events[sighting.event].map { (url: archive.relays[sighting.relay] ?? "", event: $0) }
        }
        let wanted: [(view: String, sql: NamedStatement, counts: [String: Int])] = [
            (
                "kind_counts_total", "SELECT kind::text, total_events FROM kind_counts_total",
                Self.counts(archive.events.map { "\($0.kind)" })
            ),
            (
                "kind_counts_by_relay", "SELECT relay_url || ' ' || kind, total_events FROM kind_counts_by_relay",
                Self.counts(seen.map { "\($0.url) \($0.event.kind)" })
            ),
            (
                "pubkey_counts_total", "SELECT encode(pubkey, 'hex'), total_events FROM pubkey_counts_total",
                Self.counts(archive.events.map(\.publicKey.hex))
            ),
            (
                "pubkey_counts_by_relay",
                "SELECT relay_url || ' ' || encode(pubkey, 'hex'), total_events FROM pubkey_counts_by_relay",
                Self.counts(seen.map { "\($0.url) \($0.event.publicKey.hex)" })
            ),
            (
                "relays_statistics", "SELECT relay_url, total_events FROM relays_statistics WHERE total_events > 0",
                Self.counts(seen.map(\.url))
            ),
            (
                "relays_statistics.unique_pubkeys",
                "SELECT relay_url, unique_pubkeys FROM relays_statistics WHERE total_events > 0",
                Self.counts(
                    Set(seen.map { "\($0.url) \($0.event.publicKey.hex)" }).map { "\($0.split(separator: " ")[0])" })
            ),
            ("sightings", "SELECT relay_url, count(*) FROM sightings GROUP BY relay_url", Self.counts(seen.map(\.url))),
        ]
        for (view, sql, counts) in wanted {
            let rows = try await database.pool.fetch(sql).map { try $0.decode(String.self, Int64.self) }
            let found = Dictionary(uniqueKeysWithValues: rows.map { ($0.0, Int($0.1)) })
            check(found == counts, "\(view)", sourceLocation)
        }
        try await expectTotals(archive, sourceLocation)
    }

    private func expectTotals(_ archive: Archive, _ sourceLocation: SourceLocation) async throws {
        let rows = try await database.pool.fetch(
            """
            SELECT total_events, total_sightings, unique_pubkeys, unique_kinds, regular_events, replaceable_events,
                   ephemeral_events, addressable_events, coalesce(earliest_event_timestamp, 0),
                   coalesce(latest_event_timestamp, 0) FROM events_statistics
            """)
        let row = try #require(rows.first, sourceLocation: sourceLocation)
        let found = try (0..<10).map { try row.decode(Int64.self, at: $0).asInt }
        let events = archive.events
        let classes = Self.counts(events.map(\.kindClass))
        let times = events.map { Int($0.createdAt) }
        let wanted = [
            events.count, archive.sightings.count, Set(events.map(\.publicKey)).count, Set(events.map(\.kind)).count,
            classes["regular"] ?? 0, classes["replaceable"] ?? 0, classes["ephemeral"] ?? 0,
            classes["addressable"] ?? 0,
            times.min() ?? 0, times.max() ?? 0,
        ]
        check(found == wanted, "events_statistics: \(found) instead of \(wanted)", sourceLocation)
    }

    private static func counts(_ words: some Sequence<String>) -> [String: Int] {
        words.reduce(into: [:]) { $0[$1, default: 0] += 1 }
    }
}
