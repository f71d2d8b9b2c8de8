import Database
import Nostr
import RelayClient
import Settings
import Testing

@testable import SyncEngine

@Suite struct ReleasePlanTests {
    private func report(
        _ ending: VisitReport.Ending, pages: Int = 0, retryAfter: Duration? = nil
    ) throws -> VisitReport {
        let lease = RelayLease(
            relay: RelayID(1), url: try RelayURL.parse("wss://a.example"), network: .clearnet,
            owner: .random(), fence: 1, databaseNow: UnixTime(seconds: 1_700_000_000))
        var report = VisitReport(lease)
        let page = RawPage(chunks: [], ending: .conclusive(hint: nil))
        for _ in 0..<pages {
            report.count(FetchedPage(page, request: PageRequest(since: nil, until: nil, limit: 1)))
        }
        report.ending = ending
        report.retryAfter = retryAfter
        return report
    }

    private func plan(_ report: VisitReport, fails: Int32 = 0, jitter: Double = 0.5) -> ReleasePlan {
        ReleasePlan(report, fails: fails, settings: SynchronizingSettings(), jitter: jitter)
    }

    @Test(arguments: [0.0, 0.5, 1.0]) func `a relay that says when to come again is taken at its word`(
        jitter: Double
    ) throws {
        for fails in [0, 9] as [Int32] {
            let asked = try report(.failed("rate_limited"), retryAfter: .seconds(600))
            let plan = plan(asked, fails: fails, jitter: jitter)
            #expect((.seconds(600)...(.seconds(750))).contains(plan.dueIn), "never earlier than it said")
            #expect(plan.fails == fails + 1)
        }
        let atOnce = plan(try report(.failed("rate_limited"), retryAfter: .zero), jitter: jitter)
        #expect(atOnce.dueIn >= BudgetSettings().retryDelay.duration)
    }

    @Test func `a relay that serves us nothing is asked once a day, however often it failed`() throws {
        for fails in [0, 20] as [Int32] {
            let plan = plan(try report(.failed("restricted")), fails: fails)
            #expect(plan.dueIn == .seconds(86_400) && plan.relayClass == .blocked)
        }
        let other = plan(try report(.failed("restricted"), pages: 3))
        #expect(other.dueIn < .seconds(120), "it refused one question, not us")
    }

    @Test func `a relay that answered until it was asked too fast has not failed`() throws {
        let plan = plan(try report(.failed("rate_limited"), pages: 12), fails: 7)
        #expect(plan.fails == 0 && plan.dueIn < .seconds(120) && plan.lastError == "rate_limited")
        let silent = self.plan(try report(.failed("rate_limited")), fails: 7)
        #expect(silent.fails == 8 && silent.dueIn > .seconds(3_600))
    }

    @Test func `a visit that got on before it failed is the first failure of a row`() throws {
        var gotOn = try report(.failed("disconnected"), pages: 12)
        gotOn.isStuck = false
        #expect(plan(gotOn, fails: 7).fails == 1 && plan(gotOn, fails: 7).dueIn < .seconds(120))
        let stuck = plan(try report(.failed("disconnected"), pages: 12), fails: 7)
        #expect(stuck.fails == 8 && stuck.dueIn > .seconds(3_600))
    }

    @Test func `a visit that read what is new before it failed is no worse than the first failure`() throws {
        var hasRead = try report(.complete, pages: 3)
        hasRead.end(.reachedEnd(byHint: false), isStopped: false)
        hasRead.end(.inconclusive(.authRequired), isStopped: false)
        let plan = plan(hasRead, fails: 7)
        #expect(plan.fails == 1 && plan.dueIn < .seconds(120) && plan.relayClass == .ok)
        #expect(plan.lastError == "auth_required")
    }

    @Test(arguments: CoverageReason.allCases) func `what cannot be paged is named in snake_case`(
        reason: CoverageReason
    ) throws {
        let word = try #require(plan(try report(.unpageable(reason))).lastError)
        #expect(word == word.lowercased() && word.filter { $0 != "_" } == "\(reason)".lowercased())
    }

    @Test func `a relay whose last visit is just ending is left as it is, and is due in a moment`() throws {
        let plan = plan(try report(.overlapping), fails: 3)
        #expect(plan.relayClass == nil && plan.fails == 3 && plan.lastError == nil && plan.dueIn == .seconds(1))
    }

    @Test func `a failure of the database says nothing about the relay`() throws {
        let plan = plan(try report(.databaseFailed("connection_lost")), fails: 3)
        #expect(plan.relayClass == nil && plan.fails == 3 && plan.dueIn == .seconds(5))
    }

    @Test func `a busy address says nothing about the relay`() throws {
        let plan = plan(try report(.addressBusy), fails: 3)
        #expect(plan.relayClass == nil && plan.fails == 3 && plan.lastError == nil)
        #expect((.seconds(15)...(.seconds(30))).contains(plan.dueIn))
    }

    /// The plan of a visit to which this happened.
    private func changed(_ change: (inout VisitReport) -> Void) throws -> ReleasePlan {
        var report = try report(.complete)
        change(&report)
        return plan(report)
    }

    private func page(_ ending: PageEnding) -> FetchedPage {
        FetchedPage(RawPage(chunks: [], ending: ending), request: PageRequest(since: nil, until: nil, limit: 1))
    }

    @Test func `a visit that got somewhere goes on at once`() throws {
        let plan = try changed {
            $0.isStuck = false
            $0.ending = .yielded
            $0.blameSilence()
        }
        #expect(plan.dueIn == .zero && plan.fails == 0)
    }

    @Test func `a visit that was cut off leaves what was known, unless it came to something`() throws {
        var cut = try report(.yielded, pages: 3)
        cut.isCutOff = true
        let kept = plan(cut, fails: 4)
        #expect(kept.relayClass == nil && kept.lastError == nil && kept.fails == 4 && kept.dueIn == .zero)
        let never = plan(try report(.yielded), fails: 4)
        #expect(never.relayClass == nil && never.fails == 4, "it asked nothing")
        #expect(plan(try report(.yielded, pages: 3), fails: 4).relayClass == .ok, "it was answered, and goes on")
        cut.end(.unpageable(.untilIgnored), isStopped: false)
        (cut.unpageable, cut.ending) = (.untilIgnored, .yielded)
        let learned = plan(cut, fails: 4)
        #expect(learned.relayClass == .unpageable && learned.lastError == "until_ignored" && learned.fails == 0)
    }

    @Test func `a visit that got nowhere waits`() throws {
        let plan = try changed {
            $0.count(page(.conclusive(hint: nil)))
            $0.ending = .yielded
            $0.blameSilence()
        }
        #expect(plan.dueIn == SynchronizingSettings().sync.revisitInterval.duration && plan.fails == 0)
    }

    @Test func `where complete relays are left alone for long, one that got nowhere is not`() throws {
        var settings = SynchronizingSettings()
        settings.sync.revisitInterval = 86_400
        func dueIn(_ ending: VisitReport.Ending) throws -> Duration {
            ReleasePlan(try report(ending), fails: 0, settings: settings, jitter: 0.5).dueIn
        }
        #expect(try dueIn(.complete) == .seconds(86_400))
        #expect(try dueIn(.stuck) == settings.budget.retryDelay.duration)
    }

    @Test func `a visit that ended in silence has failed, whatever was answered before`() throws {
        let plan = try changed {
            $0.count(page(.conclusive(hint: nil)))
            $0.count(page(.inconclusive(.timedOut)))
            $0.ending = .yielded
            $0.blameSilence()
        }
        #expect(plan.dueIn > .zero && plan.fails == 1 && plan.lastError == "timed_out")
    }

    @Test(arguments: [CoverageReason.untilIgnored, .poison, .oversize])
    func `what cannot be paged keeps its class while new events come in`(reason: CoverageReason) throws {
        let plan = try changed { $0.unpageable = reason }
        #expect(plan.relayClass == .unpageable)
        #expect(plan.dueIn == SynchronizingSettings().sync.revisitInterval.duration)
    }
}
