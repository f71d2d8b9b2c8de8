import Nostr
import ServiceKit
import Support
import Testing

@testable import Finder

@Suite struct RankingTests {
    private static let now: Int64 = 1_800_000_000

    private static func events(_ slot: RelaySlot, votes: Double, daysAgo: Int64 = 0) -> CandidateEvidence {
        CandidateEvidence(source: "events", slot: slot.rawValue, votes: votes, lastSeen: now - daysAgo * 86_400)
    }

    private static func worth(_ evidence: [CandidateEvidence]) throws -> Double {
        let url = try RelayURL.parse("wss://relay.example.com")
        return Ranking.rank(.init(relay: 1, url: url, evidence: evidence), at: now).worth
    }

    /// Each line is worth more than the one before.
    private static let order: [(String, [CandidateEvidence])] = [
        ("nothing", []),
        ("an invented URL among 50,000", [events(.relayList, votes: 0.01)]),
        ("a reference", [events(.reference, votes: 1)]),
        ("a text of last month", [events(.text, votes: 1, daysAgo: 30)]),
        ("a text", [events(.text, votes: 1)]),
        ("an API", [CandidateEvidence(source: "https://a.example", slot: "strings", votes: 0, lastSeen: now)]),
        ("an old list", [events(.relayList, votes: 1, daysAgo: 20)]),
        ("a list", [events(.relayList, votes: 1)]),
        (
            "a list and an API",
            [
                events(.relayList, votes: 1),
                CandidateEvidence(source: "https://a.example", slot: "strings", votes: 0, lastSeen: now),
            ]
        ),
        ("lists of three", [events(.relayList, votes: 3)]),
        ("lists of a hundred", [events(.relayList, votes: 100)]),
    ]

    @Test func `more that speaks for a relay makes it worth more`() throws {
        let worths = try Self.order.map { try Self.worth($0.1) }
        for (index, pair) in zip(worths, worths.dropFirst()).enumerated() {
            #expect(pair.0 < pair.1, "\(Self.order[index].0) against \(Self.order[index + 1].0)")
        }
        #expect(worths.first == Ranking.baseWorth)
    }

    @Test(arguments: [Int64.min, -1, 0, now + 1, .max])
    func `no time makes a worth that is none`(_ lastSeen: Int64) throws {
        let evidence = CandidateEvidence(source: "events", slot: "relay_list", votes: 1, lastSeen: lastSeen)
        let worth = try Self.worth([evidence])
        #expect(worth.isFinite && worth >= Ranking.baseWorth && worth <= Ranking.baseWorth + 8)
    }

    @Test func `each place has its part`() throws {
        let url = try RelayURL.parse("wss://relay.example.com")
        let evidence = [Self.events(.relayList, votes: 1), Self.events(.text, votes: 1)]
        let ranked = Ranking.rank(.init(relay: 7, url: url, evidence: evidence), at: Self.now)
        #expect(ranked.domain == "example.com" && ranked.relay == 7)
        #expect(ranked.parts.map(\.slot) == ["relay_list", "text"] && ranked.parts.map(\.worth) == [8, 3])
        #expect(ranked.worth == 12)
    }

    @Test func `invented URLs do not come before what people use`() async throws {
        try await withFinderBench { bench in
            let people = ["one", "two", "three"].map(FinderBench.key)
            // One author's thousands, on one domain and on domains of their own.
            try await bench.store(
                (0..<20).map { page in
                    FinderBench.event(
                        kind: 10002,
                        tags: (0..<50).flatMap {
                            [["r", "wss://x\(page)-\($0).invented.example"], ["r", "wss://x.d\(page)-\($0).example"]]
                        }, "\(page)", by: FinderBench.key("inventor"))
                })
            try await bench.store(
                people.map { FinderBench.event(kind: 10002, tags: [["r", "wss://used.example"]], by: $0) })
            // Anyone's new relay, which a single author names, is not buried either.
            try await bench.store([
                FinderBench.event(kind: 10002, tags: [["r", "wss://new.example"]], by: FinderBench.key("newcomer"))
            ])
            let outcome = try await bench.finder { $0.ranking.authorQuota = 100 }.run()
            #expect(outcome.success, "\(outcome.errors)")
            #expect(outcome.steps.last?.message == "2003 relays ranked")
            let ranks = try await bench.texts(
                """
                SELECT r.relay_url FROM relay_checks k JOIN relays r USING (relay_id)
                 ORDER BY k.worth DESC, r.relay_url LIMIT 2
                """)
            #expect(ranks == ["wss://used.example", "wss://new.example"])
            let worths = try await bench.texts(
                """
                SELECT concat_ws(' ', k.domain, count(*), count(*) FILTER (WHERE k.worth < 2))
                  FROM relay_checks k WHERE k.domain = 'invented.example' GROUP BY k.domain
                """)
            #expect(worths == ["invented.example 1000 1000"])
            // Nothing is left to do, and what is ranked stays so.
            let again = try await bench.finder().run()
            #expect(again.steps.last?.message == "0 relays ranked")
        }
    }
}
