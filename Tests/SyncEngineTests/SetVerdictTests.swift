import Nostr
import Testing

@testable import SyncEngine

@Suite struct SetVerdictTests {
    private func verdict(_ ending: ReconciliationEnding, speaks: Bool) -> SetVerdict {
        SetVerdict(ending, speaks: speaks, isStopped: false)
    }

    @Test func `silence of one that compared sets before may be for the size of the window`() {
        #expect(verdict(.silent, speaks: true) == .tooLarge(isSaid: false))
        #expect(verdict(.silent, speaks: false) == .unsupported)
    }

    @Test(arguments: [false, true]) func `one that says that it cannot is not asked in halves`(speaks: Bool) {
        #expect(verdict(.unsupported, speaks: speaks) == .unsupported)
        #expect(verdict(.malformed("bad_hex"), speaks: speaks) == .unsupported)
        #expect(verdict(.refused(prefix: .restricted, message: "members only"), speaks: speaks) == .unsupported)
    }

    @Test func `a connection that breaks is no verdict on one that compared sets before`() {
        #expect(verdict(.inconclusive(.disconnected), speaks: true) == .disconnected)
        #expect(verdict(.inconclusive(.disconnected), speaks: false) == .unbearable)
        let stopped = SetVerdict(.inconclusive(.disconnected), speaks: false, isStopped: true)
        #expect(stopped == .disconnected)
    }

    @Test(arguments: [false, true]) func `what holds for sets as for pages`(speaks: Bool) {
        #expect(verdict(.finished, speaks: speaks) == .compared)
        #expect(verdict(.inconclusive(.rateLimited), speaks: speaks) == .later)
        #expect(verdict(.inconclusive(.timedOut), speaks: speaks) == .tooLarge(isSaid: false))
        let refusal = ReconciliationEnding.refused(prefix: .blocked, message: "too many query results")
        #expect(verdict(refusal, speaks: speaks) == .tooLarge(isSaid: true))
    }
}
