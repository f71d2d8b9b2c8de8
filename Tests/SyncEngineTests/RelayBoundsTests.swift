import Nostr
import Testing

@testable import SyncEngine

@Suite struct RelayBoundsTests {
    private let asked = Filter(since: UnixTime(seconds: 100), until: UnixTime(seconds: 200))

    @Test(arguments: zip(RelayBounds.allCases, [[100, 200], [100, 201], [99, 200], [99, 201]] as [[Int64]]))
    func `a question is wider by the seconds that the relay leaves out`(bounds: RelayBounds, wide: [Int64]) {
        let filter = bounds.widened(asked)
        #expect(filter.since?.seconds == wide[0] && filter.until?.seconds == wide[1])
    }

    @Test(arguments: RelayBounds.allCases) func `a bound that is not sent stays so`(bounds: RelayBounds) {
        let filter = bounds.widened(Filter(limit: 5))
        #expect(filter == Filter(limit: 5))
    }

    @Test func `nothing is widened before it is known`() {
        let known = KnownBounds(nil)
        #expect(known.widened(asked) == asked)
        known.learn(.exclusive)
        #expect(known.widened(asked) == RelayBounds.exclusive.widened(asked) && known.bounds == .exclusive)
    }
}
