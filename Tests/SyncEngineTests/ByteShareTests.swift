import Settings
import Testing

@testable import SyncEngine

@Suite struct ByteShareTests {
    private let budget: BudgetSettings = {
        var budget = BudgetSettings()
        budget.bytes = .mebibytes(1)
        return budget
    }()
    private let quantum = 1 << 20

    @Test func `what a visit had beyond its share is taken off the next ones, and none gets nothing`() {
        let first = ByteShare(budget, 0)
        #expect(first.bytes == quantum && first.deficit(after: quantum) == 0)
        let deficit = first.deficit(after: 3 * quantum + 7)
        #expect(deficit == Int64(2 * quantum + 7))
        let second = ByteShare(budget, deficit)
        #expect(second.bytes == 1)
        #expect(second.deficit(after: 0) == Int64(quantum + 7))
        #expect(ByteShare(budget, 7).bytes == quantum - 7)
    }

    @Test func `no number of bytes is too large`() {
        #expect(ByteShare(budget, .max).bytes == 1)
        #expect(ByteShare(budget, 0).deficit(after: .max) == .max - Int64(quantum))
        #expect(ByteShare(budget, -5).bytes == quantum)
    }
}
