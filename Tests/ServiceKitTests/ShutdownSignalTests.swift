import Database
import Support
import Testing

@testable import ServiceKit

@Suite struct ShutdownSignalTests {
    private let signal = ShutdownSignal()
    private let manual = ManualClock()

    @Test func `the first request is told from the later ones`() {
        #expect(!signal.isRequested)
        #expect(signal.request())
        #expect(!signal.request())
        #expect(signal.isRequested)
    }

    @Test func `all waiters wake, later ones do not wait`() async {
        await withTaskGroup { group in
            for _ in 0..<20 { group.addTask { await signal.wait() } }
            group.addTask { signal.request() }
        }
        await signal.wait()
    }

    @Test func `a cancelled waiter returns`() async {
        await withTaskGroup { group in
            for _ in 0..<20 { group.addTask { await signal.wait() } }
            group.cancelAll()
        }
        #expect(!signal.isRequested)
    }

    @Test func `a pause lasts its time`() async {
        let clock = MonotonicClock(manual)
        async let whole = signal.pause(for: .seconds(5), clock: clock)
        await manual.waitForSleepers()
        manual.advance(by: .seconds(5))
        #expect(await whole)
    }

    @Test func `a pause ends with the request, and does not begin after it`() async {
        let clock = MonotonicClock(manual)
        async let whole = signal.pause(for: .seconds(5), clock: clock)
        await manual.waitForSleepers()
        signal.request()
        #expect(await whole == false)
        #expect(await signal.pause(for: .seconds(5), clock: clock) == false)
    }
}
