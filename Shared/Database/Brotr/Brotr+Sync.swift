public import Crypto
public import Nostr
import Settings

/// What synchronizers read and write: known ids, day sums, coverage, batches of pages.
extension Brotr {
    /// $1 ids, $2 relay, $3 signatures.
    static func knownEvents(_ names: ProcedureNames) -> NamedStatement {
        NamedStatement(
            "known_events",
            """
            SELECT k.ord, k.event, k.linked, k.other_sig
              FROM \(names.knownEvents)($1, $2, $3) AS k (ord, event, linked, other_sig)
            """,
            parameters: [.byteaArray, .int4, .byteaArray], columns: [.int4, .int8, .bool, .bool], isIdempotent: true)
    }

    /// Which of these events are stored, whether this relay is known to have them, and whether the signature received
    /// is the one that is stored; in the order given.
    /// - Parameter signatures: as received, one for each id.
    public func knownEvents(
        _ ids: [EventID], signatures: [Signature], relay: RelayID
    ) async throws -> [KnownEvent?] {
        precondition(signatures.count == ids.count, "a signature for each id")
        guard !ids.isEmpty else { return [] }
        var parameters = SQLParameters()
        parameters.reserve(bytes: ids.count * 104 + 96)
        parameters.appendColumn(Bytes32.self, count: ids.count) { ids[$0] }
        parameters.append(relay.value)
        parameters.appendColumn(Bytes64.self, count: ids.count) { signatures[$0] }
        let rows = try await pool.fetch(
            calls.knownEvents, parameters: parameters,
            timeout: settings.timeouts.procedure.duration)
        var known = [KnownEvent?](repeating: nil, count: ids.count)
        for row in rows {
            let place = Int(try row.decode(Int32.self, at: 0)) - 1
            guard known.indices.contains(place) else { throw DatabaseError(.decoding, step: "known_events") }
            known[place] = KnownEvent(
                event: try row.decode(at: 1), isLinked: try row.decode(at: 2), hasOtherSignature: try row.decode(at: 3))
        }
        return known
    }

    /// $1 relay, $2 days.
    static let relayDays = NamedStatement(
        "relay_days", "SELECT day, n, idsum FROM relay_day WHERE relay_id = $1 AND day = ANY ($2)",
        parameters: [.int4, .int4Array], columns: [.int4, .int4, .bytea], isIdempotent: true)

    /// The fingerprints of these days; a day without sightings is absent.
    public func relayDays(_ relay: RelayID, days: [Int32]) async throws -> [Int32: DaySum] {
        guard !days.isEmpty else { return [:] }
        let rows = try await pool.fetch(
            Self.relayDays, .int4(relay.value), .int4s(days), timeout: settings.timeouts.query.duration)
        var sums: [Int32: DaySum] = [:]
        for row in rows {
            let (day, count, sum) = try row.decode(Int32.self, Int32.self, Bytes32.self)
            sums[day] = DaySum(count: count, idSum: sum)
        }
        return sums
    }

    /// $1 relay.
    static let relayCoverage = NamedStatement(
        "relay_coverage",
        """
        SELECT lo, hi, state, proof, pages, items, cap, reason, extract(epoch FROM rescan_at)::bigint, rescan_step
          FROM relay_coverage WHERE relay_id = $1 ORDER BY lo
        """,
        parameters: [.int4],
        columns: [.int8, .int8, .int2, .int2, .int4, .int8, .int4, .int2, .int8, .int2], isIdempotent: true)

    /// What is known about the history of a relay, ascending; intervals never overlap.
    public func relayCoverage(_ relay: RelayID) async throws -> [CoverageRow] {
        let rows = try await pool.fetch(
            Self.relayCoverage, .int4(relay.value), timeout: settings.timeouts.query.duration)
        return try rows.map { row in
            CoverageRow(
                lo: UnixTime(seconds: try row.decode(at: 0)), hi: UnixTime(seconds: try row.decode(at: 1)),
                state: try row.decode(at: 2), proof: try row.decode(at: 3), pages: try row.decode(at: 4),
                items: try row.decode(at: 5), cap: try row.decode(at: 6), reason: try row.decode(at: 7),
                rescanAt: try row.time(at: 8), rescanStep: try row.decode(at: 9))
        }
    }
}

/// An event that is stored already.
public struct KnownEvent: Hashable, Sendable {
    /// `events.id`; 0 for an event that was erased.
    public var event: Int64
    /// The relay is known to have it.
    public var isLinked: Bool
    /// It is stored with another signature than the one received, which may be as good or none.
    public var hasOtherSignature: Bool

    /// One that was erased because its author vanished (NIP-62), and is not to be stored again.
    public static let erased = KnownEvent(event: 0, isLinked: false)

    /// It was erased.
    public var isErased: Bool { event == 0 }

    /// Direct form.
    public init(event: Int64, isLinked: Bool, hasOtherSignature: Bool = false) {
        self.event = event
        self.isLinked = isLinked
        self.hasOtherSignature = hasOtherSignature
    }
}
