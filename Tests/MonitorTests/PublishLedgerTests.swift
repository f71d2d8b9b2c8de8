import Nostr
import RelayClient
import Settings
import Testing

@testable import Monitor

@Suite struct PublishLedgerTests {
    private func plan(fails: Int32 = 0, maxPow: Int = 0) -> PublishLedger {
        var settings = PublishingSettings()
        settings.maxPow = maxPow
        return PublishLedger(settings, fails: fails)
    }

    private static let yes = PublicationEnd.accepted(message: "")
    private static func no(_ message: String) -> PublicationEnd {
        .refused(prefix: ReasonPrefix(message: message), message: message)
    }

    /// Answers to events 1, 2, 3 and so on, each without work; the steps and the end.
    private func run(_ ends: [PublicationEnd], fails: Int32 = 0, maxPow: Int = 0) -> (String, PublishLedger.Settlement)
    {
        var plan = plan(fails: fails, maxPow: maxPow)
        let steps = ends.enumerated().map { plan.take($1, to: Int64($0 + 1), bits: 0) == .goOn ? "+" : "." }
        return (steps.joined(), plan.end(jitter: 0.5))
    }

    @Test func `what is taken is done, also what the relay has already`() {
        let (steps, end) = run([Self.yes, Self.no("duplicate: have it")], fails: 3)
        #expect(steps == "++")
        #expect(end == PublishLedger.Settlement(done: [1, 2], accepted: 2))
    }

    @Test func `a relay that takes nothing has refused us: everything waits, for long`() {
        let (steps, end) = run([Self.no("blocked: a"), Self.no("no"), Self.no("restricted: c")], fails: 1)
        #expect(steps == "++.")
        #expect(
            end
                == PublishLedger.Settlement(
                    fails: 2, error: "refused_restricted", message: "restricted: c", wait: .seconds(86_400)))
        #expect(run([Self.no("invalid: kind")]).1.wait == .seconds(86_400))
    }

    @Test func `one event refused among others is given up`() {
        let (steps, end) = run([Self.no("blocked: a"), Self.yes, Self.no("invalid: c"), Self.yes])
        #expect(steps == "++++" && end.done == [1, 2, 3, 4] && end.accepted == 2 && end.refused == 2)
        #expect(end.error == nil && end.wait == .zero)
        let last = run([Self.yes, Self.no("blocked: b")]).1
        #expect(last.done == [1, 2] && last.refused == 1 && last.fails == 1 && last.wait == .seconds(60))
    }

    @Test func `silence and errors put an event behind the others, and the relay off`() {
        let (steps, end) = run([.unanswered, Self.no("error: x"), .unanswered, Self.yes].dropLast(), fails: 2)
        #expect(steps == "++." && end.late == [1, 2, 3] && end.done.isEmpty)
        #expect(end.fails == 3 && end.error == "unanswered" && end.wait == .seconds(240))
        let mixed = run([.unanswered, Self.yes, .unanswered, Self.yes], fails: 5)
        #expect(mixed.0 == "++++" && mixed.1.late == [1, 3] && mixed.1.done == [2, 4])
        #expect(mixed.1.fails == 1 && mixed.1.wait == .seconds(60))
        #expect(run([.unanswered], fails: .max).1.wait == .seconds(86_400))
    }

    @Test func `some answers end a visit at once`() {
        for (end, error) in [
            (Self.no("rate-limited: slow"), "rate_limited"), (.broken(.noticeFlood), "notice_flood"),
        ] {
            let result = run([Self.yes, end])
            #expect(result.0 == "+." && result.1.done == [1] && result.1.error == error)
            #expect(result.1.wait == .seconds(60))
        }
        let auth = run([Self.no("auth-required: who")])
        #expect(auth.0 == "." && auth.1.error == "auth_required" && auth.1.wait == .seconds(86_400))
        #expect(auth.1.done.isEmpty && auth.1.late.isEmpty)
        #expect(run([.cancelled]).1 == PublishLedger.Settlement())
    }

    @Test func `work is noted for later events, up to a bound`() {
        var worker = plan(maxPow: 16)
        #expect(worker.take(Self.no("pow: 12 bits needed"), to: 1, bits: 0) == .goOn)
        #expect(worker.demandedBits == 12)
        worker.skip(2)
        let end = worker.end(jitter: 0.5)
        #expect(end.pow == 12 && end.done == [1, 2] && end.refused == 2 && end.wait == .zero)
        for (message, maxPow) in [("pow: 17", 16), ("pow: 12", 0), ("pow: more", 16)] {
            let refused = run([Self.no(message)], maxPow: maxPow)
            #expect(refused.0 == "." && refused.1.error == "refused_pow" && refused.1.wait == .seconds(86_400))
            #expect(refused.1.done.isEmpty)
        }
        // It asks for what the event has already.
        var liar = plan(maxPow: 16)
        #expect(liar.take(Self.no("pow: 12"), to: 1, bits: 12) == .end)
    }

    @Test func `parts are handed out once`() {
        var plan = plan(fails: 4)
        _ = plan.take(Self.yes, to: 1, bits: 0)
        let part = plan.handOut(wait: .seconds(9))
        #expect(part == PublishLedger.Settlement(done: [1], accepted: 1, fails: 4, wait: .seconds(9), ends: false))
        _ = plan.take(Self.yes, to: 2, bits: 0)
        #expect(plan.end(jitter: 0) == PublishLedger.Settlement(done: [2], accepted: 1))
    }

    @Test func `no connection is a failure like silence`() {
        var plan = plan()
        plan.failed("connection_refused")
        let end = plan.end(jitter: 0.5)
        #expect(end.error == "connection_refused" && end.fails == 1 && end.wait == .seconds(60) && end.ends)
    }
}
