import Foundation
import Nostr
import RelayClient
import Support
import SyncEngine
import Testing

/// AUTH through the real transport: once a connection, and only when a request was refused for the want of it.
@Suite struct LiveAuthTests {
    private func demanding(_ change: (inout FakeRelayBehaviour) -> Void = { _ in }) -> FakeRelayBehaviour {
        var behaviour = FakeRelayBehaviour()
        behaviour.requiresAuth = true
        behaviour.challenge = "prove it"
        behaviour.counting = .exact
        change(&behaviour)
        return behaviour
    }

    private func page(_ session: any RelaySession) async throws -> RawPage {
        try await session.page(Filter(), budget: LiveBudget.page)
    }

    /// - Parameter patience: short where the relay keeps silent, so that the test does not wait; elsewhere not used up.
    private func endings(
        _ behaviour: FakeRelayBehaviour, pages: Int, patience: Duration = .seconds(60)
    ) async throws -> ([PageEnding], FakeRelay) {
        var limits = RelayLimits()
        limits.authenticationTimeout = patience
        return try await LiveFixture.withFake(events: LiveFixture.events(5), behaviour, limits: limits) {
            session, relay in
            var endings: [PageEnding] = []
            for _ in 0..<pages { endings.append(try await page(session).ending) }
            return (endings, relay)
        }
    }

    @Test func `a challenge without a refusal is not answered`() async throws {
        let (endings, relay) = try await endings(demanding { $0.requiresAuth = false }, pages: 2)
        #expect(endings == [.conclusive(hint: nil), .conclusive(hint: nil)])
        #expect(relay.messages(named: "AUTH").isEmpty)
    }

    @Test func `a refusal is answered for the URL that was dialled, and the page asked once more`() async throws {
        let challenge = "wss://other.example/"
        let (endings, relay) = try await endings(demanding { $0.challenge = challenge }, pages: 2)
        #expect(endings == [.conclusive(hint: nil), .conclusive(hint: nil)])
        #expect(relay.requests.count == 3)
        let message = try #require(relay.messages(named: "AUTH").first)
        #expect(relay.messages(named: "AUTH").count == 1)
        let array = try #require(try JSONSerialization.jsonObject(with: Data(message.utf8)) as? [Any])
        let event = try #require(array.last as? [String: Any])
        #expect(event["kind"] as? Int == 22_242)
        #expect(event["created_at"] as? Int == 1_700_000_000)
        #expect(event["tags"] as? [[String]] == [["relay", relay.url.text], ["challenge", challenge]])
    }

    @Test func `a challenge that comes behind the refusal is taken`() async throws {
        let behaviour = demanding {
            $0.challenge = nil
            $0.lateChallenge = "late"
        }
        let (endings, relay) = try await endings(behaviour, pages: 1)
        #expect(endings == [.conclusive(hint: nil)])
        #expect(relay.messages(named: "AUTH").count == 1)
    }

    @Test func `a refusal without a challenge is final after the wait, and nobody waits twice`() async throws {
        let behaviour = demanding { $0.challenge = nil }
        let (endings, relay) = try await endings(behaviour, pages: 3, patience: .milliseconds(100))
        #expect(endings == .init(repeating: .inconclusive(.authRequired), count: 3))
        #expect(relay.requests.count == 3)
    }

    @Test func `a challenge after each AUTH changes nothing`() async throws {
        let (endings, relay) = try await endings(demanding { $0.challengesAgain = true }, pages: 3)
        #expect(endings == .init(repeating: .conclusive(hint: nil), count: 3))
        #expect(relay.messages(named: "AUTH").count == 1)
    }

    @Test func `a second refusal is final`() async throws {
        let behaviour = demanding {
            $0.refusalAfterAuth = "auth-required: somebody else"
            $0.challengesAgain = true
        }
        let (endings, relay) = try await endings(behaviour, pages: 1)
        #expect(endings == [.inconclusive(.authRequired)])
        #expect(relay.requests.count == 2)
        #expect(relay.messages(named: "AUTH").count == 1)
    }

    @Test func `restricted stays restricted`() async throws {
        let behaviour = demanding { $0.refusalAfterAuth = "restricted: members" }
        #expect(try await endings(behaviour, pages: 1).0 == [.inconclusive(.restricted)])
    }

    @Test func `an answer that is refused asks nothing more`() async throws {
        let restricted = demanding { $0.authenticating = .refuses("restricted: members") }
        let (endings, relay) = try await endings(restricted, pages: 1)
        #expect(endings == [.inconclusive(.restricted)])
        #expect(relay.requests.count == 1)
        let other = demanding { $0.authenticating = .refuses("invalid: no") }
        #expect(try await self.endings(other, pages: 1).0 == [.inconclusive(.authRequired)])
    }

    @Test func `an answer without OK has its time, and the next refusal is final`() async throws {
        let (endings, relay) = try await endings(
            demanding { $0.authenticating = .ignores }, pages: 1, patience: .milliseconds(100))
        #expect(endings == [.inconclusive(.authRequired)])
        #expect(relay.requests.count == 2)
    }

    @Test func `two requests that are refused at once share one AUTH`() async throws {
        try await LiveFixture.withFake(events: LiveFixture.events(5), demanding()) { session, relay in
            async let first = page(session)
            async let second = page(session)
            let endings = try await [first.ending, second.ending]
            #expect(endings == [.conclusive(hint: nil), .conclusive(hint: nil)])
            #expect(relay.messages(named: "AUTH").count == 1)
        }
    }

    @Test func `counts and reconciliations authenticate too`() async throws {
        let events = LiveFixture.events(40)
        try await LiveFixture.withFake(events: events, demanding()) { session, relay in
            let count = try await session.count(Filter(), timeout: .seconds(60))
            #expect(count == .count(40, isApproximate: false))
            let facts = await session.facts()
            #expect(facts.isAuthenticated == true)
        }
        try await LiveFixture.withFake(events: events, demanding()) { session, relay in
            let ours = OurSet(Array(events.prefix(30)))
            let ending = try await ours.reconcile(session)
            #expect(ending == .finished)
            #expect(ours.need == Set(events.suffix(10).map(\.id)))
        }
        let closed = demanding { $0.authenticating = .refuses("invalid: no") }
        try await LiveFixture.withFake(events: events, closed) { session, relay in
            let count = try await session.count(Filter(), timeout: .seconds(60))
            #expect(count == .inconclusive(.authRequired))
            let ending = try await OurSet([]).reconcile(session)
            #expect(ending == .inconclusive(.authRequired))
        }
    }

    @Test func `each transport has a key of its own, and signs properly`() throws {
        let url = try RelayURL.parse("wss://relay.example")
        let now = UnixTime(seconds: 1_700_000_000)
        let keys = try (0..<3).map { _ in
            let signer = SigningAuthenticator { now }
            let event = try #require(signer.answer(challenge: "x", relay: url))
            #expect(event.createdAt == now && event.kind == 22_242)
            #expect(signer.answer(challenge: "y", relay: url)?.pubkey == event.pubkey)
            return event.pubkey
        }
        #expect(Set(keys).count == 3)
    }
}
