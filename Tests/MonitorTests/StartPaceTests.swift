import Testing

@testable import Monitor

@Suite struct StartPaceTests {
    @Test func `of checks that were claimed together each begins a pause after the one before`() {
        var pace = StartPace(most: 100)
        let waits = (0..<4).map { _ in pace.take(at: .seconds(5)) }
        #expect(waits == (0..<4).map { StartPace.pause * $0 })
    }

    @Test func `after a silence the next one begins at once`() {
        var pace = StartPace(most: 100)
        for _ in 0..<10 { _ = pace.take(at: .zero) }
        #expect(pace.take(at: .milliseconds(39)) == .milliseconds(1))
        #expect(pace.take(at: .seconds(1)) == .zero)
    }

    @Test(arguments: [1, 1_000, 2_500, 10_000, 50_000])
    func `the last of as many as there may be waits no longer than a lease bears`(most: Int) {
        var pace = StartPace(most: most)
        let last = (0..<most).map { _ in pace.take(at: .zero) }.last ?? .zero
        #expect(last <= StartPace.longestWait)
    }
}
