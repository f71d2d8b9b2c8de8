import Testing

@testable import ServiceKit

@Suite struct LeaseTableTests {
    @Test(arguments: [(60, 50_000), (600, 590_000), (30, 25_000), (6, 5000), (1, 833)])
    func `a lease is used until ten seconds before its end, or a sixth of a short one`(ttl: Int, usable: Int64) {
        #expect(LeaseTable<Int>(ttl: .seconds(ttl)).usable.wholeMilliseconds == usable)
        #expect(LeaseTable<Int>(ttl: .seconds(ttl)).renewal == .seconds(ttl) / 3)
    }

    @Test func `use ends by the clock from before the claim`() {
        var table = LeaseTable<Int>(ttl: .seconds(60))
        table.hold(1, fence: 5, claimedAt: .seconds(100))
        #expect(table.isUsable(1, fence: 5, now: .seconds(149)))
        #expect(!table.isUsable(1, fence: 5, now: .seconds(150)))
        #expect(!table.isUsable(1, fence: 4, now: .seconds(101)))
        #expect(!table.isUsable(2, fence: 5, now: .seconds(101)))
        #expect(table.expire(now: .seconds(149)).isEmpty)
        #expect(table.expire(now: .seconds(150)) == [1])
        #expect(table.expire(now: .seconds(151)).isEmpty)
    }

    @Test func `a renewal counts from when it was sent`() {
        var table = LeaseTable<Int>(ttl: .seconds(60))
        table.hold(1, fence: 5, claimedAt: .zero)
        #expect(table.renewed(table.claims, stillOurs: [1], sentAt: .seconds(20)).isEmpty)
        #expect(table.isUsable(1, fence: 5, now: .seconds(69)))
        #expect(!table.isUsable(1, fence: 5, now: .seconds(70)))
    }

    @Test func `what a renewal does not name is lost`() {
        var table = LeaseTable<Int>(ttl: .seconds(60))
        for key in [3, 1, 2] { table.hold(key, fence: Int64(key), claimedAt: .zero) }
        #expect(table.claims.map(\.key) == [1, 2, 3])
        #expect(table.renewed(table.claims, stillOurs: [2], sentAt: .seconds(1)) == [1, 3])
        #expect(table.leases.keys.sorted() == [2])
    }

    @Test func `an answer does not touch a lease that was dropped or claimed anew meanwhile`() {
        var table = LeaseTable<Int>(ttl: .seconds(60))
        table.hold(1, fence: 1, claimedAt: .zero)
        table.hold(2, fence: 1, claimedAt: .zero)
        let claims = table.claims
        table.drop(1, fence: 1)
        table.hold(2, fence: 2, claimedAt: .seconds(5))
        #expect(table.renewed(claims, stillOurs: [], sentAt: .seconds(1)).isEmpty)
        #expect(table.isUsable(2, fence: 2, now: .seconds(54)))
        table.drop(2, fence: 1)
        #expect(table.isUsable(2, fence: 2, now: .seconds(54)))
    }

    @Test func `the next wake is the renewal, or the end of a lease before it`() {
        var table = LeaseTable<Int>(ttl: .seconds(60))
        #expect(table.nextEnd(before: .seconds(20)) == .seconds(20))
        table.hold(1, fence: 1, claimedAt: .seconds(-40))
        #expect(table.nextEnd(before: .seconds(20)) == .seconds(10))
    }
}
