import Database
import Support
import Testing

@testable import ServiceKit

@Suite struct LeaseKeeperTests {
    private struct Down: Error {}

    private let manual = ManualClock()
    private let lost = Locked<[Int]>([])
    private let sent = Locked<[[Int]]>([])
    private let answer = Locked<Result<Set<Int>, Down>>(.success([]))
    private let isHanging = Locked(false)

    private func keeper() -> LeaseKeeper<Int> {
        LeaseKeeper(ttl: .seconds(60), clock: MonotonicClock(manual), logger: LogLines().logger()) {
            [sent, answer, isHanging, manual] claims in
            sent.withLock { $0.append(claims.map(\.key)) }
            if isHanging.withLock({ $0 }) { try await MonotonicClock(manual).sleep(for: .seconds(600)) }
            return try answer.withLock { try $0.get() }
        }
    }

    private func hold(_ keeper: LeaseKeeper<Int>, _ key: Int) {
        keeper.hold(key, fence: 1, claimedAt: manual.now.offset) { [lost] in lost.withLock { $0.append(key) } }
    }

    @Test func `leases are renewed every third of the ttl`() async {
        let keeper = keeper()
        answer.withLock { $0 = .success([1, 2]) }
        hold(keeper, 1)
        hold(keeper, 2)
        await withTaskGroup { group in
            group.addTask { await keeper.run() }
            for _ in 1...3 {
                await manual.waitForSleepers(2)
                manual.advance(by: .seconds(20))
            }
            await manual.waitForSleepers(2)
            group.cancelAll()
        }
        #expect(sent.withLock { $0 } == [[1, 2], [1, 2], [1, 2]])
        #expect(keeper.isUsable(1, fence: 1))
        #expect(lost.withLock { $0 }.isEmpty)
    }

    @Test func `the holder of a lease that was taken over is told once`() async {
        let keeper = keeper()
        answer.withLock { $0 = .success([2]) }
        hold(keeper, 1)
        hold(keeper, 2)
        #expect(await keeper.renewAll())
        #expect(await keeper.renewAll())
        #expect(lost.withLock { $0 } == [1])
        #expect(!keeper.isUsable(1, fence: 1))
        #expect(keeper.count == 1)
    }

    @Test func `without an answer a lease is given up before another may take it`() async {
        let keeper = keeper()
        answer.withLock { $0 = .failure(Down()) }
        hold(keeper, 1)
        await withTaskGroup { group in
            group.addTask { await keeper.run() }
            for _ in 0..<10 {
                await manual.waitForSleepers(2)
                manual.advance(by: .seconds(5))
            }
            await manual.waitForSleepers(2)
            group.cancelAll()
        }
        #expect(manual.now.offset == .seconds(50))
        #expect(lost.withLock { $0 } == [1])
        // Renewal at 20 s, then every 5 s until the lease is out of use at 50 s.
        #expect(sent.withLock { $0.count } == 6)
    }

    @Test func `a lease ends in time while its renewal has no answer yet`() async {
        let keeper = keeper()
        isHanging.withLock { $0 = true }
        hold(keeper, 1)
        await withTaskGroup { group in
            group.addTask { await keeper.run() }
            for seconds in [20, 20, 10] {
                await manual.waitForSleepers(2)
                manual.advance(by: .seconds(seconds))
            }
            await manual.waitForSleepers(2)
            group.cancelAll()
        }
        #expect(sent.withLock { $0 } == [[1]])
        #expect(lost.withLock { $0 } == [1])
    }

    @Test func `a dropped lease is neither renewed nor reported`() async {
        let keeper = keeper()
        hold(keeper, 1)
        keeper.drop(1, fence: 1)
        #expect(await keeper.renewAll())
        #expect(sent.withLock { $0 }.isEmpty)
        #expect(lost.withLock { $0 }.isEmpty)
    }

    @Test func `an idle keeper stops when it is cancelled`() async {
        let keeper = keeper()
        await withTaskGroup { group in
            group.addTask { await keeper.run() }
            await manual.waitForSleepers()
            group.cancelAll()
        }
    }
}
