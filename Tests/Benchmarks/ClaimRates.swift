import Database
import Nostr
import Support

/// How fast relays are claimed, by the product's own statement, through PgBouncer.
struct ClaimRates {
    private static let relays = 20_000
    /// Relays a claim.
    private static let limit = 4

    struct Rate {
        let clients: Int
        let claims: Int
        let seconds: Double
        /// Of this process, PgBouncer and PostgreSQL.
        let cpuMicroseconds: Double
        var perSecond: Double { Double(claims) / seconds }
    }

    let rates: [Rate]

    static func measure(claims: Int = 4_000) async throws -> ClaimRates {
        try await withTestDatabase {
            $0.pool.limits.maxSize = 16
        } _: { database in
            try await database.server.run(fill, database: database.name)
            var rates: [Rate] = []
            for clients in [1, 16] {
                for statement in [release, "VACUUM ANALYZE relay_sync"] {
                    try await database.server.run(statement, database: database.name)
                }
                rates.append(try await measure(clients, claims, database.brotr))
            }
            return ClaimRates(rates: rates)
        }
    }

    private static let fill = """
        WITH made AS (
            INSERT INTO relays (relay_url, network)
            SELECT 'wss://relay' || n || '.example.com', 'clearnet' FROM generate_series(1, \(relays)) AS n
            RETURNING relay_id)
        INSERT INTO relay_sync (relay_id, network) SELECT relay_id, 'clearnet' FROM made
        """

    /// All are due, in any order.
    private static let release =
        "UPDATE relay_sync SET owner = NULL, due_at = now() - interval '1 hour' * (1 + random())"

    /// Each relay is claimed once at most: what was claimed stays held, as in a fleet.
    private static func measure(_ clients: Int, _ claims: Int, _ brotr: Brotr) async throws -> Rate {
        let before = CPUTime.own + CPUTime.servers
        let start = ContinuousClock.now
        let claimed = try await withThrowingTaskGroup(of: Int.self) { group in
            for _ in 0..<clients {
                group.addTask {
                    let owner = ReplicaID.random()
                    var count = 0
                    for _ in 0..<(claims / clients) {
                        count += try await brotr.claimRelays(
                            lane: 0, network: .clearnet, limit: limit, owner: owner, ttl: .seconds(3_600)
                        ).count
                    }
                    return count
                }
            }
            return try await group.reduce(0, +)
        }
        let seconds = (ContinuousClock.now - start).inSeconds
        precondition(claimed == claims / clients * clients * limit, "each claim found \(limit) relays that were due")
        let cpu = (CPUTime.own + CPUTime.servers - before) * 1e6 / Double(claims)
        return Rate(
            clients: clients, claims: claims / clients * clients, seconds: seconds, cpuMicroseconds: cpu)
    }
}

extension Report {
    func claims(_ result: ClaimRates) {
        line("")
        line("claims: of 4 relays each, of 20000 that are due, through PgBouncer")
        for rate in result.rates {
            let clients = "\(rate.clients) client\(rate.clients == 1 ? "" : "s")"
            line(
                "  \(clients.padded(to: 12))\(Int(rate.perSecond)) claims/s, \(Int(rate.perSecond * 4)) relays/s,"
                    + " \(rate.cpuMicroseconds.text(0)) us of CPU a claim   (goal: at least 1000 claims/s)")
        }
    }
}
