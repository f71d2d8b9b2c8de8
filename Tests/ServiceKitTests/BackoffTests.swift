import ServiceKit
import Settings
import Testing

@Suite struct BackoffTests {
    @Test func `waits double to the ceiling and begin anew after a success`() {
        var backoff = Backoff(initial: 1, ceiling: 10)
        let waits = (0..<6).map { _ in backoff.next(jitter: 0.5) }
        #expect(waits == [1, 2, 4, 8, 10, 10].map { .seconds($0) })
        #expect(backoff.failures == 6)
        backoff.reset()
        #expect(backoff.next(jitter: 0.5) == .seconds(1))
    }
}
