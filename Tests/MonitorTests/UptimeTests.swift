import Support
import Testing

/// What the database gives as transitions, outages and uptime is what follows from the rows of the single checks.
@Suite(.timeLimit(.minutes(5))) struct UptimeTests {
    @Test(arguments: [UInt64(1), 2, 3])
    func `figures equal a recomputation from the rows at any time`(seed: UInt64) async throws {
        try await withMonitorBench { bench in
            var history = try await CheckHistory(bench, seed: seed)
            var seen = Set<String>()
            while try await history.proceed(days: 8) {
                let (now, rows) = (try await history.lookAhead(), try await history.rows())
                for (relay, rows) in rows.enumerated() {
                    let number = relay + 1
                    let told = HeldStatus.intervals(rows, until: now, deadAfter: history.deadAfter)
                    let place = "seed \(seed), relay \(number), at \(now)"
                    #expect(try await history.transitions(number) == told.changes, "\(place)")
                    #expect(try await history.outages(number) == told.outages, "\(place)")
                    #expect(try await history.uptime(number) == told.uptime(rows), "\(place)")
                    seen.formUnion(told.changes.map { "\($0.was) \($0.status)" })
                }
            }
            let all = try await history.rows().flatMap { $0 }
            #expect(all.count > 1_000)
            #expect(all.contains(where: \.isLight) && all.contains { $0.unwatchedAt != nil })
            // Every change that there can be.
            let possible = [
                "unknown online", "unknown offline", "unknown dead", "online offline", "online unknown",
                "offline online", "offline dead", "offline unknown", "dead online", "dead unknown",
            ]
            #expect(seen == Set(possible), "seed \(seed)")
        }
    }
}
