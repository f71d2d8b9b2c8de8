import Crypto
import Nostr
import Testing

@testable import SyncEngine

@Suite struct ReadingChoiceTests {
    /// A page of 500 with one event a second from 1,000,000 down.
    private static let page = ReadingChoice.Page(shown: 500, isFull: true, newest: 1_000_000, density: 1)
    private static let frontier: Int64 = 999_501

    private func after(_ page: ReadingChoice.Page = Self.page, new: Int) -> ReadingChoice {
        var choice = ReadingChoice(pageSize: 500)
        choice.note(page, new: new)
        return choice
    }

    private func next(
        _ choice: ReadingChoice, lo: Int64 = 0, frontier: Int64 = Self.frontier
    ) -> ReadingChoice.Part? {
        choice.part(lo: lo, frontier: frontier, hi: 2_000_000)
    }

    @Test(arguments: [(500, false), (251, false), (250, true), (0, true)])
    func `half of a page has to be in the archive before sets are compared`(new: Int, isCompared: Bool) {
        #expect((next(after(new: new)) != nil) == isCompared)
    }

    @Test func `an empty archive is read by pages`() {
        var choice = ReadingChoice(pageSize: 500)
        #expect(next(choice) == nil)
        for _ in 0..<5 { choice.note(Self.page, new: 500) }
        #expect(next(choice) == nil)
    }

    @Test func `a window is as long as it takes for its ids, and holds the page that spoke for it`() throws {
        let part = try #require(next(after(new: 0)))
        #expect(part.seconds == (Self.frontier - 19_999)...1_000_000)
        #expect(part.isChecked)
        let bounded = after(new: 0).part(lo: 0, frontier: Self.frontier, hi: 999_800)
        #expect(bounded?.seconds.upperBound == 999_800, "what is newer than the walk is not sealed")
    }

    @Test func `a window ends with the walk, and a rest that two pages hold is for pages`() {
        let choice = after(new: 0)
        #expect(next(choice, lo: Self.frontier - 1_500)?.seconds.lowerBound == Self.frontier - 1_500)
        #expect(next(choice, lo: Self.frontier - 900) == nil)
        #expect(next(choice, lo: Self.frontier + 1) == nil)
    }

    @Test func `a page that was not cut is the last one, and says nothing of what follows`() {
        let last = ReadingChoice.Page(shown: 300, isFull: false, newest: 1_000_000, density: 1)
        #expect(next(after(last, new: 0)) == nil)
        let nothing = ReadingChoice.Page(shown: 0, isFull: true, newest: 1_000_000, density: 1)
        #expect(next(after(nothing, new: 0)) == nil)
    }

    @Test func `what pages of another stretch showed does not count`() {
        var choice = after(new: 0)
        choice.begin()
        #expect(next(choice) == nil)
    }

    @Test func `a page that showed much that was new ends it`() {
        var choice = after(new: 0)
        choice.note(Self.page, new: 400)
        #expect(next(choice) == nil)
    }

    @Test func `windows follow each other while most of their ids are known, and adapt their length`() throws {
        var choice = after(new: 0)
        let first = try #require(next(choice)).seconds
        choice.note(first, ids: 40_000, needed: 40_000, asked: 20_000)
        let other = try #require(next(choice, frontier: first.lowerBound - 1))
        #expect(other.seconds.upperBound == first.lowerBound - 1 && !other.isChecked)
        #expect((10_000...10_300).contains(other.seconds.count))
        choice.note(other.seconds, ids: 20_000, needed: 20_000, asked: 10_001)
        #expect(next(choice, frontier: other.seconds.lowerBound - 1) == nil)
    }

    @Test func `what nothing is found in is followed by all that is left`() {
        var choice = after(new: 0)
        choice.note(999_500...999_999, ids: 0, needed: 0, asked: 0)
        #expect(next(choice, frontier: 999_499)?.seconds == 0...999_499)
    }

    @Test func `a window that was too large is halved until pages do as well`() {
        var choice = after(new: 0)
        var spans: [Int] = []
        while let part = next(choice), spans.count < 20 {
            spans.append(part.seconds.count)
            choice.shrink(part.seconds, lost: .seconds(2))
        }
        #expect(spans.count == 5)
        #expect(zip(spans, spans.dropFirst()).allSatisfy { $1 < $0 })
        #expect(choice.isOver && choice.lost == .seconds(10))
        choice.note(Self.page, new: 0)
        #expect(next(choice) == nil, "not in this visit")
    }

    @Test func `a window that reached the end of the walk is halved too`() throws {
        let sparse = ReadingChoice.Page(shown: 500, isFull: true, newest: 1_000_000, density: 0.01)
        var choice = after(sparse, new: 0)
        #expect(next(choice)?.seconds == 0...1_000_000)
        choice.shrink(0...1_000_000, lost: .zero)
        let half = try #require(next(choice)).seconds
        #expect((499_000...501_000).contains(half.count))
    }

    @Test func `after two failed visits pages have their turn`() {
        for (failures, isCompared) in [(Int32(0), true), (1, true), (2, false), (.max, false)] {
            var choice = ReadingChoice(pageSize: 500, failures: failures)
            choice.note(Self.page, new: 0)
            #expect((next(choice) != nil) == isCompared)
        }
    }

    @Test func `numbers of relays that lie stay in bounds`() {
        for density in [1e-300, 1e300, .leastNonzeroMagnitude] {
            let page = ReadingChoice.Page(shown: 500, isFull: true, newest: .max, density: density)
            var choice = after(page, new: 0)
            for _ in 0..<3 {
                guard let part = choice.part(lo: 0, frontier: .max - 1, hi: .max - 1) else { break }
                choice.note(part.seconds, ids: .max, needed: 1, asked: 0)
                choice.shrink(part.seconds, lost: .zero)
            }
        }
    }

    @Test func `a page's density is that of its older half, so that the future does not count`() throws {
        var events = (0..<100).map { number in
            EventStamp(
                id: Bytes32([UInt8](repeating: UInt8(number), count: 32)) ?? .zero, pubkey: .zero,
                createdAt: UnixTime(seconds: 1_000 - Int64(number)), kind: 1)
        }
        events[0].createdAt = UnixTime(seconds: .max)
        let facts = PageFacts(ending: .conclusive(hint: nil), events: events)
        let request = PageRequest(since: nil, until: nil, limit: 100)
        let page = try #require(ReadingChoice.Page(facts, request, shown: 100, capSeen: 100))
        #expect((0.9...1.1).contains(page.density) && page.isFull && page.newest == .max)
        let small = PageRequest(since: nil, until: nil, limit: 500)
        #expect(ReadingChoice.Page(facts, small, shown: 100, capSeen: 500)?.isFull == false)
        let broken = PageFacts(ending: .inconclusive(.timedOut), events: events)
        #expect(ReadingChoice.Page(broken, request, shown: 100, capSeen: 100) == nil)
    }
}
