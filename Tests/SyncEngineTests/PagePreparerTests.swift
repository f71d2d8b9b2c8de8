import Crypto
import Database
import Logging
import Nostr
import RelayClient
import ServiceKit
import Settings
import Support
import Testing

@testable import SyncEngine

/// What becomes of copies of one event under several signatures.
@Suite struct PagePreparerTests {
    /// An archive that holds one event.
    private struct StockedStore: PartialStore {
        var stored: (event: SampleEvent, isLinked: Bool)?
        var erased: SampleEvent?

        func knownEvents(_ ids: [EventID], signatures: [Signature], relay: RelayID) async throws -> [KnownEvent?] {
            zip(ids, signatures).map { id, signature in
                if erased?.id == id { return .erased }
                guard let stored, stored.event.id == id else { return nil }
                return KnownEvent(
                    event: 7, isLinked: stored.isLinked, hasOtherSignature: stored.event.signature != signature)
            }
        }

        func relayDays(_ relay: RelayID, days: [Int32]) async throws -> [Int32: DaySum] { [:] }
    }

    /// What one page came to.
    private struct Outcome: Equatable {
        /// Signatures of events to be stored.
        var new: [Signature] = []
        /// Sightings of events that are stored.
        var linked = 0
        var again = 0
        var rejected: [String] = []
        var second = 0
        var verified = 0
        /// Valid events, each once.
        var shown = 0
        /// Events of kinds that are not stored.
        var ephemeral = 0
        var erased = 0
    }

    private let factory = EventFactory(seed: 31)
    private let event: SampleEvent
    /// The same event, as valid.
    private let other: SampleEvent
    private let forged: SampleEvent

    init() {
        event = factory.sign(kind: 1, tags: [], content: "one event")
        other = factory.resign(event)
        forged = event.withBrokenSignature
    }

    private func preparer(_ store: StockedStore) throws -> PagePreparer {
        let verifier = SchnorrVerifier()
        let context = SyncContext(
            store: store, transport: try LiveFixture.transport(), clock: MonotonicClock(ManualClock()),
            randomness: { 0 }, shutdown: ShutdownSignal(), replica: .random(), logger: Logger(label: "test"),
            isAuthentic: { verifier.isValid(signature: $0.signature, message: $0.id, publicKey: $0.pubkey) })
        var settings = SyncSettings()
        settings.batchRows = 5
        return PagePreparer(relay: RelayID(1), context: context, settings: settings)
    }

    private func page(_ events: [SampleEvent]) -> FetchedPage {
        let chunks = events.map { EventChunk(bytes: $0.json, ranges: [$0.json.indices]) }
        return FetchedPage(
            RawPage(chunks: chunks, ending: .conclusive(hint: nil)),
            request: PageRequest(since: nil, until: nil, limit: 10))
    }

    /// The last of some pages, one after the other.
    private func last(
        _ pages: [[SampleEvent]], stored: SampleEvent? = nil, isLinked: Bool = false, erased: SampleEvent? = nil
    ) async throws -> Outcome {
        var preparer = try preparer(StockedStore(stored: stored.map { ($0, isLinked) }, erased: erased))
        var outcome = Outcome()
        for events in pages {
            let prepared = try await preparer.prepare(page(events))
            outcome = Outcome(
                new: prepared.parts.flatMap(\.events).map(\.signature),
                linked: prepared.parts.reduce(0) { $0 + $1.known.count }, again: prepared.again,
                rejected: prepared.rejected.map(\.reason), second: prepared.secondSignatures,
                verified: prepared.verified, shown: prepared.shown.count, ephemeral: prepared.ephemeral.count,
                erased: prepared.erased.count)
            #expect(prepared.delivered.count == outcome.shown + outcome.ephemeral + outcome.erased)
            let rows = outcome.new.count + outcome.linked
            #expect(prepared.parts.flatMap(\.days).reduce(0) { $0 + Int($1.sum.count) } == rows, "day sums")
        }
        return outcome
    }

    @Test func `a stored event under the stored signature is not verified again`() async throws {
        #expect(try await last([[event]], stored: event) == Outcome(linked: 1, shown: 1))
        #expect(try await last([[event]], stored: event, isLinked: true) == Outcome(shown: 1))
    }

    @Test func `an erased event is neither verified nor stored, and was delivered`() async throws {
        let more = factory.sign(kind: 1, tags: [], content: "another event")
        #expect(try await last([[event, other, forged]], erased: event) == Outcome(erased: 1))
        let outcome = try await last([[event, more]], erased: event)
        #expect(outcome == Outcome(new: [more.signature], verified: 1, shown: 1, erased: 1))
    }

    @Test func `a stored event under another valid signature is a sighting and counted`() async throws {
        let outcome = try await last([[other]], stored: event)
        #expect(outcome == Outcome(linked: 1, second: 1, verified: 1, shown: 1))
        let linked = try await last([[other]], stored: event, isLinked: true)
        #expect(linked == Outcome(second: 1, verified: 1, shown: 1))
    }

    @Test func `what is rejected is cut into calls like what is stored`() async throws {
        var preparer = try preparer(StockedStore())
        let events = (0..<4).map { factory.sign(kind: 1, tags: [], content: "event \($0)") }
        let junk = (0..<13).map { factory.sign(kind: 1, tags: [], content: "junk \($0)").withBrokenSignature }
        let parts = try await preparer.prepare(page(events + junk)).parts
        #expect(parts.map(\.events.count) == [4, 0, 0, 0] && parts.map(\.rejected.count) == [1, 5, 5, 2])
    }

    @Test(arguments: [false, true])
    func `a stored event under a wrong signature is rejected and not shown`(isLinked: Bool) async throws {
        let outcome = try await last([[forged]], stored: event, isLinked: isLinked)
        #expect(outcome == Outcome(rejected: ["bad_signature"], verified: 1))
    }

    @Test func `of a stored event's copies on one page any may be the right one`() async throws {
        let rejected = Outcome(linked: 1, rejected: ["bad_signature"], verified: 1, shown: 1)
        #expect(try await last([[forged, event]], stored: event) == rejected)
        #expect(try await last([[event, forged]], stored: event) == rejected)
        let counted = Outcome(linked: 1, second: 1, verified: 1, shown: 1)
        #expect(try await last([[other, event]], stored: event) == counted)
        #expect(try await last([[event, other, event, other]], stored: event) == counted)
    }

    @Test func `of a new event's copies on one page the first valid one is stored`() async throws {
        #expect(try await last([[event, event]]) == Outcome(new: [event.signature], verified: 1, shown: 1))
        #expect(try await last([[event, other]]) == Outcome(new: [event.signature], second: 1, verified: 2, shown: 1))
        #expect(try await last([[other, event]]) == Outcome(new: [other.signature], second: 1, verified: 2, shown: 1))
        let rejected = Outcome(new: [event.signature], rejected: ["bad_signature"], verified: 2, shown: 1)
        #expect(try await last([[forged, event]]) == rejected)
        #expect(try await last([[event, forged]]) == rejected)
        let both = Outcome(rejected: ["bad_signature", "bad_signature"], verified: 2)
        #expect(try await last([[forged, event.signed(Bytes64(first: other.signature.first, second: .zero))]]) == both)
    }

    @Test func `what the page before had is compared with that`() async throws {
        #expect(try await last([[event], [event]]) == Outcome(again: 1, shown: 1))
        #expect(try await last([[event], [other]]) == Outcome(again: 1, second: 1, verified: 1, shown: 1))
        #expect(try await last([[event], [forged]]) == Outcome(rejected: ["bad_signature"], verified: 1))
        let rejected = Outcome(again: 1, rejected: ["bad_signature"], verified: 1, shown: 1)
        #expect(try await last([[event], [forged, event]]) == rejected)
        #expect(try await last([[forged], [event]]) == Outcome(new: [event.signature], verified: 1, shown: 1))
    }

    @Test func `copies of an event change nothing of what a walk decides by`() {
        let (once, thrice) = (page([event]), page([event, other, forged]))
        #expect(thrice.items.count == 1 && thrice.copies.count == 2)
        #expect(once.facts.events == thrice.facts.events && thrice.facts.received == 3)
    }

    @Test func `kinds that are not stored are not verified, and counted once a page`() async throws {
        let fleeting = factory.sign(kind: 20_001, tags: [], content: "gone")
        let page = [fleeting.withBrokenSignature, fleeting, factory.resign(fleeting)]
        #expect(try await last([page]) == Outcome(ephemeral: 1))
        // What was on the page before is not kept in mind for them.
        #expect(try await last([page, page]) == Outcome(ephemeral: 1))
    }
}
