import Database
import Nostr
import Settings
import Testing

@testable import SyncEngine

@Suite struct ReleasePlanTests {
    private func plan(_ change: (inout VisitReport) -> Void, fails: Int32 = 0) throws -> ReleasePlan {
        let lease = RelayLease(
            relay: RelayID(1), url: try RelayURL.parse("wss://relay.example.com"), network: .clearnet, owner: .random(),
            fence: 1, relayClass: 0, tailSeen: nil, sealedHi: nil, walkLo: nil, walkHi: nil, frontier: nil,
            capSeen: nil, pageSize: nil, fails: fails, databaseNow: UnixTime(seconds: 1))
        var report = VisitReport(lease)
        change(&report)
        return ReleasePlan(report, fails: fails, settings: SynchronizingSettings(), jitter: 0.5)
    }

    private func page(_ ending: PageEnding) -> FetchedPage {
        FetchedPage(RawPage(chunks: [], ending: ending), request: PageRequest(since: nil, until: nil, limit: 1))
    }

    @Test func `a visit that got somewhere goes on at once`() throws {
        let plan = try plan {
            $0.isStuck = false
            $0.ending = .yielded
            $0.blameSilence()
        }
        #expect(plan.dueIn == .zero && plan.fails == 0)
    }

    @Test func `a visit that got nowhere waits`() throws {
        let plan = try plan {
            $0.count(page(.conclusive(hint: nil)))
            $0.ending = .yielded
            $0.blameSilence()
        }
        #expect(plan.dueIn == SynchronizingSettings().sync.revisitInterval.duration && plan.fails == 0)
    }

    @Test func `a visit that ended in silence has failed, whatever was answered before`() throws {
        let plan = try plan {
            $0.count(page(.conclusive(hint: nil)))
            $0.count(page(.inconclusive(.timedOut)))
            $0.ending = .yielded
            $0.blameSilence()
        }
        #expect(plan.dueIn > .zero && plan.fails == 1 && plan.lastError == "timed_out")
    }

    @Test(arguments: [CoverageReason.untilIgnored, .poison, .oversize])
    func `what cannot be paged keeps its class while new events come in`(reason: CoverageReason) throws {
        let plan = try plan { $0.unpageable = reason }
        #expect(plan.relayClass == .unpageable)
        #expect(plan.dueIn == SynchronizingSettings().sync.revisitInterval.duration)
    }
}
