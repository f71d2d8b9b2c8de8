import Crypto
import Database
import Nostr
import Testing

@testable import SyncEngine

@Suite struct IDQueueTests {
    private static func ids(_ count: Int) -> [EventID] {
        (0..<count).map { SHA256.hash(Array("\($0)".utf8)) }
    }

    /// Takes all out: what was asked for, in order, and what had been stored by then.
    private func drain(
        _ queue: inout IDQueue, unless isStored: (EventID) -> Bool = { _ in false }
    ) -> (asked: [[EventID]], stored: [EventID]) {
        var (asked, stored): ([[EventID]], [EventID]) = ([], [])
        for _ in 0..<10_000 where !queue.next.isEmpty {
            let next = queue.next
            let taken = queue.take(unless: isStored)
            #expect(Set(taken.wanted + taken.stored).isSubset(of: next), "only what was looked up")
            if !taken.wanted.isEmpty { asked.append(taken.wanted) }
            stored += taken.stored
        }
        return (asked, stored)
    }

    @Test func `each id is asked for once, a hundred at a time, from the relay's own place on`() {
        let ids = Self.ids(1_050)
        let relay = RelayID(3)
        let start = IDQueue.start(of: relay, among: ids.count)
        var queue = IDQueue(ids, for: relay, size: 100, mostLookedUp: 1_000)
        let asked = drain(&queue).asked
        #expect(asked.map(\.count) == Array(repeating: 100, count: 10) + [50])
        #expect(asked.flatMap { $0 } == Array(ids[start...] + ids[..<start]))
    }

    @Test func `what was stored meanwhile is not asked for, and requests are full all the same`() {
        let ids = Self.ids(2_000)
        let stored = Set(ids.enumerated().filter { $0.offset % 3 != 0 }.map(\.element))
        var queue = IDQueue(ids, for: RelayID(1), size: 100, mostLookedUp: 1_000)
        let (asked, found) = drain(&queue, unless: stored.contains)
        #expect(Set(found) == stored && found.count == stored.count)
        #expect(Set(asked.joined()).isDisjoint(with: stored) && asked.joined().count == ids.count - stored.count)
    }

    @Test func `where all is stored few look-ups are made`() {
        var queue = IDQueue(Self.ids(10_000), for: RelayID(1), size: 100, mostLookedUp: 1_000)
        var lookUps = 0
        while !queue.next.isEmpty, lookUps < 1_000 {
            lookUps += 1
            #expect(queue.next.count <= 1_000)
            _ = queue.take { _ in true }
        }
        #expect(lookUps <= 15)
    }

    @Test func `what is too much for an answer is asked for in smaller parts, down to one`() {
        var queue = IDQueue(Self.ids(8), for: RelayID(1), size: 4, mostLookedUp: 1_000)
        var sizes: [Int] = []
        for _ in 0..<4 {
            let wanted = queue.take { _ in false }.wanted
            sizes.append(wanted.count)
            if !queue.giveBack(wanted) { break }
        }
        #expect(sizes == [4, 2, 1])
        #expect(drain(&queue).asked.joined().count == 7, "the one that is too large alone is not asked for again")
    }

    @Test(arguments: [0, 1, 2, 20_000]) func `relays begin at different places of the list`(count: Int) {
        let starts = (1...8).map { IDQueue.start(of: RelayID($0), among: count) }
        #expect(starts.allSatisfy { $0 >= 0 && ($0 < count || count == 0) })
        guard count > 8 else { return }
        let sorted = starts.sorted()
        let gaps = zip(sorted, sorted.dropFirst() + [sorted[0] + count]).map { $1 - $0 }
        #expect(gaps.allSatisfy { $0 > count / 32 }, "\(gaps)")
        #expect(IDQueue.start(of: RelayID(.min), among: count) < count)
    }
}
