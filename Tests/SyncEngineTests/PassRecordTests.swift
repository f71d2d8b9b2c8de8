import Crypto
import Database
import Nostr
import Testing

@testable import SyncEngine

@Suite struct PassRecordTests {
    private func id(_ number: UInt8) -> EventID { Bytes32([UInt8](repeating: number, count: 32)) ?? .zero }

    private func page(_ events: [(number: UInt8, second: Int64, isFresh: Bool)]) -> PreparedPage {
        var page = PreparedPage()
        page.shown = events.map {
            .init(
                id: id($0.number), createdAt: UnixTime(seconds: $0.second), kind: 1, pubkey: id(200),
                isFresh: $0.isFresh)
        }
        return page
    }

    private func stored(_ number: UInt8, _ second: Int64, isGone: Bool = false) -> StoredSighting {
        StoredSighting(
            event: Int64(number), id: id(number), createdAt: UnixTime(seconds: second), isGone: isGone)
    }

    @Test func `the same set is no difference`() {
        var record = PassRecord()
        record.add(page([(1, 10, false), (2, 20, false), (3, 5, false)]))
        let difference = record.close(6...20, stored: [stored(1, 10), stored(2, 20)])
        #expect(difference.isNone)
        #expect(difference.shown == 2)
        #expect(record.close(0...5, stored: [stored(3, 5)]).isNone)
    }

    @Test func `what was not linked before is fresh, also where this pass has stored it meanwhile`() {
        var record = PassRecord()
        record.add(page([(1, 10, true)]))
        let difference = record.close(0...20, stored: [stored(1, 10)])
        #expect(difference.fresh == 1 && difference.gone.isEmpty && !difference.isNone)
    }

    @Test func `what is not shown is gone, once`() {
        var record = PassRecord()
        let difference = record.close(0...20, stored: [stored(1, 10), stored(2, 11, isGone: true)])
        #expect(difference.gone.map(\.event) == [1])
        #expect(!difference.isNone)
    }

    @Test func `what is not shown of a second that could not be read whole is not gone`() {
        var record = PassRecord()
        let second = UnixTime(seconds: 11)
        let difference = record.close(
            0...20, stored: [stored(1, 10), stored(2, 11), stored(3, 12)],
            gap: .init(lo: second, hi: second, reason: .saturatedSecond))
        #expect(difference.gone.map(\.event) == [1, 3])
    }

    @Test func `what was gone and is shown has returned`() {
        var record = PassRecord()
        record.add(page([(2, 11, false)]))
        let difference = record.close(0...20, stored: [stored(2, 11, isGone: true)])
        #expect(difference.returned.map(\.sighting.event) == [2])
        #expect(difference.gone.isEmpty)
    }

    @Test func `a part that is closed is forgotten, the rest is kept`() {
        var record = PassRecord()
        record.add(page([(1, 10, true), (2, 20, true)]))
        #expect(record.close(15...20, stored: []).fresh == 1)
        #expect(record.close(0...14, stored: []).fresh == 1)
        #expect(record.close(0...20, stored: []).isNone)
    }
}
