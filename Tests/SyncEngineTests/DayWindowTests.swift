import Testing

@testable import SyncEngine

@Suite struct DayWindowTests {
    private static let day: Int64 = 86_400

    @Test func `whole days are taken by their number, the ends by their seconds`() {
        let window = DayWindow((Self.day - 5)...(Self.day * 6 + 3))
        #expect(window.older == (Self.day - 5)...(Self.day - 1))
        #expect(window.days == 1...5)
        #expect(window.newer == (Self.day * 6)...(Self.day * 6 + 3))
    }

    @Test func `an end that falls on a border is none`() {
        let window = DayWindow((Self.day * 2)...(Self.day * 9 - 1))
        #expect(window.older == nil && window.days == 2...8 && window.newer == nil)
    }

    @Test(arguments: [
        0...100, (day - 1)...(day * 3), (-5 * day)...(20 * day), (day * 3)...Int64.max, Int64.max...Int64.max,
    ])
    func `too few days, or days that have no number, are taken by their seconds`(seconds: ClosedRange<Int64>) {
        let window = DayWindow(seconds)
        #expect(window.older == seconds && window.days == nil && window.newer == nil)
        #expect(DayWindow(0...(100 * Self.day), usesDays: false).days == nil)
    }
}
