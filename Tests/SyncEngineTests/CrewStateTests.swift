import Database
import Nostr
import Testing

@testable import SyncEngine

/// Who has a slot, and who gives his up for whom.
@Suite struct CrewStateTests {
    private func lease(_ number: Int32, _ network: Network = .clearnet) throws -> RelayLease {
        RelayLease(
            relay: RelayID(number), url: try RelayURL.parse("wss://relay\(number).example.com"), network: network,
            owner: .random(), fence: 1, relayClass: 0, tailSeen: nil, sealedHi: nil, walkLo: nil, walkHi: nil,
            frontier: nil, capSeen: nil, pageSize: nil, fails: 0, databaseNow: UnixTime(seconds: 1_700_000_000))
    }

    private func end(_ number: Int32, _ crew: inout CrewState) throws { crew.end(VisitReport(try lease(number))) }

    @Test func `what stays lends its slot, the longest first`() throws {
        var crew = CrewState(free: [.clearnet: 2], mostStaying: 10)
        let (one, two) = (try crew.begin(lease(1), mayStay: true), try crew.begin(lease(2), mayStay: true))
        #expect(crew.claimable(.clearnet) == 0, "both are busy")
        two.stay()
        one.stay()
        #expect(crew.claimable(.clearnet) == 2)
        let three = try crew.begin(lease(3), mayStay: true)
        #expect(one.givesWay && !one.mayContinue && !two.givesWay)
        #expect(crew.running[RelayID(3)]?.hasSlot == false)
        #expect(crew.claimable(.clearnet) == 1, "the slot of the first is promised")
        try end(1, &crew)
        #expect(crew.running[RelayID(3)]?.hasSlot == true)
        #expect(crew.claimable(.clearnet) == 1)
        #expect(three.mayContinue)
        try end(3, &crew)
        #expect(crew.claimable(.clearnet) == 2)
    }

    @Test func `a slot that comes free goes to who waits longest`() throws {
        var crew = CrewState(free: [.clearnet: 2], mostStaying: 10)
        for number in 1...2 as ClosedRange<Int32> { try crew.begin(lease(number), mayStay: true).stay() }
        _ = try crew.begin(lease(3), mayStay: true)
        _ = try crew.begin(lease(4), mayStay: true)
        #expect(crew.claimable(.clearnet) == 0)
        try end(2, &crew)
        #expect(crew.running[RelayID(3)]?.hasSlot == true && crew.running[RelayID(4)]?.hasSlot == false)
        // One that is told to end before it began gives back nothing.
        try end(4, &crew)
        try end(1, &crew)
        #expect(crew.claimable(.clearnet) == 1)
    }

    @Test func `networks have slots of their own`() throws {
        var crew = CrewState(free: [.clearnet: 1, .tor: 1], mostStaying: 10)
        let one = try crew.begin(lease(1), mayStay: true)
        one.stay()
        #expect(crew.claimable(.tor) == 1 && crew.claimable(.i2p) == 0)
        _ = try crew.begin(lease(2, .tor), mayStay: true)
        #expect(!one.givesWay)
    }

    @Test func `relays that belong elsewhere are let go, the others stay`() throws {
        var crew = CrewState(free: [.clearnet: 2], mostStaying: 10)
        let (one, two) = (try crew.begin(lease(1), mayStay: true), try crew.begin(lease(2), mayStay: true))
        crew.letGo([RelayID(2), RelayID(3)])
        #expect(one.mayContinue && !two.mayContinue && !two.givesWay)
    }

    @Test func `no more than so many may stay`() throws {
        var crew = CrewState(free: [.clearnet: 5], mostStaying: 1)
        #expect(try crew.begin(lease(1), mayStay: true).mayStay)
        #expect(try !crew.begin(lease(2), mayStay: true).mayStay)
        #expect(try !crew.begin(lease(3), mayStay: false).mayStay)
    }
}
