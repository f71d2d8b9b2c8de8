import Crypto
import Database
import Foundation
import Support
import Testing

extension Fleet {
    /// Of each relay, once all reasons of its case were counted: the log line follows the end of a visit.
    func countedOutcomes(
        _ relays: HostileRelays, _ process: ServiceProcess
    ) async throws -> [String: HostileOutcome] {
        var found: [String: HostileOutcome] = [:]
        try await eventually("all reasons are counted", found: { relays.uncounted(found).joined(separator: "\n") }) {
            found = try await outcomes(relays, process)
            return relays.uncounted(found).isEmpty
        }
        return found
    }

    /// Of each relay.
    func outcomes(_ relays: HostileRelays, _ process: ServiceProcess) async throws -> [String: HostileOutcome] {
        let rows = try await database.pool.fetch(
            "SELECT relay_url, coalesce(last_error, ''), class::bigint FROM relay_sync JOIN relays USING (relay_id)")
        let states = try rows.map { try $0.decode(String.self, String.self, Int64.self) }
        let coverage = try await self.coverage()
        var reasons: [String: [String: Int]] = [:]
        for line in process.log("relay_visited") {
            guard let url = line["relay"] as? String, let counts = line["reasons"] as? [String: Int] else { continue }
            reasons[url, default: [:]].merge(counts, uniquingKeysWith: +)
        }
        return Dictionary(
            uniqueKeysWithValues: states.map { url, error, relayClass in
                let intervals = coverage[url] ?? []
                let relay = relays.all.first { $0.url == url }
                let outcome = HostileOutcome(
                    error: error, relayClass: relayClass.asInt, gaps: Set(intervals.compactMap(\.reason)),
                    seconds: relay?.seconds(intervals) ?? [:], reasons: reasons[url] ?? [:])
                return (url, outcome)
            })
    }

    /// Rows of `relay_coverage`, by URL.
    func coverage() async throws -> [String: [Coverage]] {
        let rows = try await database.pool.fetch(
            """
            SELECT relay_url, lo, hi, state::bigint, coalesce(reason, 0)::bigint
              FROM relay_coverage JOIN relays USING (relay_id)
            """)
        return try rows.reduce(into: [:]) { intervals, row in
            let (url, lo, hi, state, reason) = try row.decode(
                String.self, Int64.self, Int64.self, Int64.self, Int64.self)
            intervals[url, default: []].append(
                Coverage(lo: lo, hi: hi, state: state.asInt, reason: state == 5 ? reason.asInt : nil))
        }
    }

    /// Those of these relays whose visit is not over yet, or is to be repeated soon.
    func unvisited(_ urls: [String]) async throws -> [String] {
        let rows = try await database.pool.fetch(
            """
            SELECT relay_url FROM relay_sync JOIN relays USING (relay_id)
             WHERE NOT (owner IS NULL AND fence > 0 AND due_at > now() + interval '1 minute')
            """)
        let left = Set(try rows.map { try $0.decode(String.self, at: 0) })
        return urls.filter(left.contains)
    }

    /// Relays whose events are not all stored, or whose history is not yet, for the most part, what its case says; with
    /// what is known of them.
    func undecided(_ relays: HostileRelays) async throws -> [String] {
        let coverage = try await coverage()
        let rows = try await database.pool.fetch(
            "SELECT relay_url, count(*) FROM events_relays JOIN relays USING (relay_id) GROUP BY relay_url")
        let counts = Dictionary(uniqueKeysWithValues: try rows.map { try $0.decode(String.self, Int64.self) })
        return relays.all.compactMap { relay in
            let seconds = relay.seconds(coverage[relay.url] ?? [])
            let missing = relay.ids.count - (counts[relay.url] ?? 0).asInt
            let isStored = relay.one.stored == .all ? missing <= 0 : true
            let state = seconds.max { $0.value < $1.value }?.key
            guard !isStored || !relay.one.states.contains(where: { $0.rawValue == state }) else { return nil }
            return "\(relay.one.name): \(missing) of \(relay.ids.count) missing, seconds by state \(seconds)"
        }
    }

    /// A relay without a fault that a busy machine kept waiting is asked again at once.
    func hurry(_ urls: [String]) async throws {
        try await database.pool.execute(
            NamedStatement(
                "hurry",
                """
                UPDATE relay_sync s SET due_at = now() FROM relays r
                 WHERE r.relay_id = s.relay_id AND owner IS NULL AND last_error = 'timed_out'
                   AND relay_url = ANY('\(list(urls))')
                """))
    }

    private func list(_ urls: [String]) -> String { "{" + urls.map { "\"\($0)\"" }.joined(separator: ",") + "}" }

    /// Expects that no interval claims more than is there: what is sealed holds every event of the relay, and nothing
    /// is said of the future.
    /// - Parameter archive: as it was when nothing ran any more; without it, as it is once the coverage was read.
    func expectHonestCoverage(
        _ relays: HostileRelays, _ archive: Archive? = nil, sourceLocation: SourceLocation = #_sourceLocation
    ) async throws {
        let coverage = try await coverage()
        let now = try await number("SELECT extract(epoch FROM now())::bigint")
        let last = if let archive { archive } else { try await self.archive() }
        let seen = last.idsByRelay
        for relay in relays.all {
            let intervals = coverage[relay.url] ?? []
            let missing = relay.events.filter { !(seen[relay.url] ?? []).contains($0.id) }
            let claimed = missing.count { event in
                intervals.contains { $0.state == 3 && $0.lo <= event.createdAt && event.createdAt <= $0.hi }
            }
            #expect(claimed == 0, "\(relay.one.name): \(claimed) sealed and missing", sourceLocation: sourceLocation)
            let newest = intervals.map(\.hi).max() ?? 0
            #expect(newest <= now + 3_600, "\(relay.one.name): \(newest)", sourceLocation: sourceLocation)
        }
    }
}
