import Crypto
import Database
import Nostr
import Testing

@testable import SyncEngine

@Suite struct CalibrationTests {
    private func stamps(_ seconds: ClosedRange<Int64>) -> [EventStamp] {
        seconds.reversed().map { second in
            EventStamp(
                id: SHA256.hash(Array("\(second)".utf8)), pubkey: .zero, createdAt: UnixTime(seconds: second), kind: 1)
        }
    }

    private func page(_ seconds: ClosedRange<Int64>, older: Int = 0, newer: Int = 0, hint: EOSEHint? = nil) -> PageFacts
    {
        PageFacts(ending: .conclusive(hint: hint), events: stamps(seconds), older: older, newer: newer)
    }

    private func request(_ since: Int64?, _ until: Int64?, limit: Int = 500) -> PageRequest {
        PageRequest(
            since: since.map(UnixTime.init(seconds:)), until: until.map(UnixTime.init(seconds:)), limit: limit)
    }

    private func calibration(hasItems: ClosedRange<Int64>? = nil) -> Calibration {
        var interval = CoverageMap.Interval(
            lo: hasItems?.lowerBound ?? 0, hi: hasItems?.upperBound ?? 0, state: .sealed)
        interval.items = hasItems == nil ? 0 : 10
        return Calibration(CoverageMap(stored: [interval]), RelayBehaviour())
    }

    @Test func `a bound says something only where the relay has an event beyond it`() {
        var calibration = calibration()
        #expect(calibration.observe(page(100...150), request(50, 200), capSeen: 0).since == nil)
        let second = calibration.observe(page(120...130), request(120, 130), capSeen: 51)
        #expect(second.since == true && second.until == true)
    }

    @Test func `a full page does not show that it would have stopped`() {
        var calibration = calibration(hasItems: 10...20)
        #expect(calibration.observe(page(101...150), request(100, nil, limit: 50), capSeen: 50).since == nil)
        #expect(calibration.observe(page(101...120), request(100, nil, limit: 50), capSeen: 50).since == true)
    }

    @Test func `what lies beyond a bound shows that it is not honoured`() {
        var calibration = calibration()
        let seen = calibration.observe(page(101...120, older: 3, newer: 4), request(100, 130), capSeen: 0)
        #expect(seen.since == false && seen.until == false)
    }

    @Test func `one hint is enough, none is one too`() {
        var calibration = calibration()
        #expect(calibration.observe(page(1...2), request(nil, nil), capSeen: 0).hints == false)
        #expect(calibration.observe(page(1...2, hint: .finish), request(nil, nil), capSeen: 0).hints == true)
        #expect(calibration.observe(page(1...2), request(nil, nil), capSeen: 0).hints == true)
    }

    @Test func `an answer that proves nothing shows nothing`() {
        var calibration = calibration()
        let facts = PageFacts(ending: .inconclusive(.timedOut), events: stamps(1...2), older: 3, newer: 4)
        #expect(calibration.observe(facts, request(100, 130), capSeen: 0) == RelayBehaviour())
    }

    @Test func `who was refused until it was known learns that, others that it is not needed`() {
        var facts = SessionFacts()
        #expect(facts.behaviour(hasAnswered: false).auth == nil)
        #expect(facts.behaviour(hasAnswered: true).auth == false)
        facts.isAuthenticated = false
        #expect(facts.behaviour(hasAnswered: true).auth == true)
    }

    @Test func `a shortcoming is tried again after a week, and what the relay can do is kept`() {
        var behaviour = RelayBehaviour()
        (behaviour.negentropy, behaviour.count, behaviour.hints) = (false, false, true)
        behaviour.order = "unordered"
        behaviour.calibratedAt = 1_000_000
        let before = VisitProgress(
            state: WalkState(), coverage: CoverageMap(), now: UnixTime(seconds: 1_000_000 + 7 * 86_400 - 1),
            behaviour: behaviour)
        #expect(before.behaviour == behaviour)
        var after = VisitProgress(
            state: WalkState(), coverage: CoverageMap(), now: UnixTime(seconds: 1_000_000 + 7 * 86_400),
            behaviour: behaviour)
        #expect(after.behaviour.negentropy == nil && after.behaviour.hints == true && after.order == .unknown)
        #expect(after.behaviour.count == nil)
        var seen = RelayBehaviour()
        seen.negentropy = false
        let (first, second) = (after.learn(seen), after.learn(seen))
        #expect(first?.calibratedAt == 1_604_800 && second == nil)
    }
}
