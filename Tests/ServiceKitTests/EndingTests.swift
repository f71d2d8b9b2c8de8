import Database
import Support
import Testing

@testable import ServiceKit

@Suite struct EndingTests {
    private let manual = ManualClock()
    private let lines = LogLines()
    private let hardStops = Locked<[ServiceKit.ExitStatus]>([])

    private func around(
        _ feed: AsyncStream<String>, _ context: ServiceContext,
        _ body: @escaping @Sendable () async -> ServiceKit.ExitStatus
    ) async -> ServiceKit.ExitStatus {
        let ending = Ending(grace: .seconds(10), context: context)
        return await ending.around(
            signals: feed, hardStop: { [hardStops] status in hardStops.withLock { $0.append(status) } }, body)
    }

    @Test func `work that ends by itself needs no signal`() async {
        let (feed, _) = AsyncStream<String>.makeStream()
        let context = trialContext(clock: MonotonicClock(manual), lines: lines)
        #expect(await around(feed, context) { .failure } == .failure)
        #expect(lines.messages.isEmpty)
    }

    @Test func `the first signal asks, and the status of the work counts`() async {
        let (feed, source) = AsyncStream<String>.makeStream()
        let context = trialContext(clock: MonotonicClock(manual), lines: lines)
        source.yield("SIGTERM")
        let status = await around(feed, context) {
            await context.shutdown.wait()
            return .success
        }
        #expect(status == .success)
        #expect(lines.messages == ["shutdown_requested"])
        #expect(hardStops.withLock { $0 }.isEmpty)
    }

    @Test func `work that does not listen is cancelled after seven tenths of the grace`() async {
        let (feed, source) = AsyncStream<String>.makeStream()
        let context = trialContext(clock: MonotonicClock(manual), lines: lines)
        source.yield("SIGINT")
        async let status = around(feed, context) {
            try? await context.clock.sleep(for: .seconds(1000))
            return Task.isCancelled ? .success : .failure
        }
        // The work, the patience and the cut.
        await manual.waitForSleepers(3)
        manual.advance(by: .seconds(7))
        #expect(await status == .success)
        #expect(lines.messages == ["shutdown_requested", "shutdown_urged"])
        #expect(hardStops.withLock { $0 }.isEmpty)
    }

    /// What a database that hangs has in hand is rolled back there: one signal is answered by 0 in any case.
    @Test func `work that ignores everything is cut off at the end of the grace, with status 0`() async {
        let (feed, source) = AsyncStream<String>.makeStream()
        let (release, releaser) = AsyncStream<Void>.makeStream()
        let context = trialContext(clock: MonotonicClock(manual), lines: lines)
        let ending = Ending(grace: .seconds(10), context: context)
        source.yield("SIGTERM")
        async let status = ending.around(
            signals: feed,
            hardStop: { [hardStops] status in
                hardStops.withLock { $0.append(status) }
                releaser.finish()
            },
            {
                await Task { for await _ in release {} }.value
                return .success
            })
        await manual.waitForSleepers(2)
        manual.advance(by: .seconds(10))
        _ = await status
        #expect(lines.messages.contains("shutdown_cut_short"))
        #expect(hardStops.withLock { $0 } == [.success])
    }

    @Test func `a second signal ends at once, with status 1`() async {
        let (feed, source) = AsyncStream<String>.makeStream()
        let (release, releaser) = AsyncStream<Void>.makeStream()
        let context = trialContext(clock: MonotonicClock(manual), lines: lines)
        let ending = Ending(grace: .seconds(10), context: context)
        source.yield("SIGTERM")
        source.yield("SIGTERM")
        _ = await ending.around(
            signals: feed,
            hardStop: { [hardStops] status in
                hardStops.withLock { $0.append(status) }
                releaser.finish()
            },
            {
                for await _ in release {}
                return .success
            })
        #expect(lines.messages.prefix(2) == ["shutdown_requested", "shutdown_forced"])
        #expect(hardStops.withLock { $0 } == [.failure])
    }
}
