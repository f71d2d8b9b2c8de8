import Testing

@testable import Database

/// Connecting that fails, and the end of the pool.
@Suite struct PoolStateMachineFailureTests {
    private func machine(min: Int = 0, max: Int = 3) -> PoolStateMachine {
        var configuration = PoolStateMachine.Configuration()
        configuration.minSize = min
        configuration.maxSize = max
        configuration.maxAttempts = 3
        var machine = PoolStateMachine(configuration)
        _ = machine.start(now: .zero)
        return machine
    }

    @Test func `a failed attempt is repeated after a pause`() {
        var machine = machine()
        _ = machine.acquire(1, now: .zero)
        #expect(machine.connectFailed(1, now: .seconds(1)) == [.backOff(1, afterAttempt: 1)])
        #expect(machine.backedOff(1) == [.connect(1)])
        #expect(machine.connectFailed(1, now: .seconds(2)) == [.backOff(1, afterAttempt: 2)])
    }

    @Test func `those who wait are told after the last attempt, and not before`() {
        var machine = machine()
        _ = machine.acquire(1, now: .zero)
        for attempt in 1...2 {
            #expect(machine.connectFailed(1, now: .zero) == [.backOff(1, afterAttempt: attempt)])
            _ = machine.backedOff(1)
        }
        #expect(machine.connectFailed(1, now: .zero) == [.fail(1, .connecting), .backOff(1, afterAttempt: 3)])
    }

    @Test func `who came during the attempt that failed gets the next one`() {
        var machine = machine()
        _ = machine.acquire(1, now: .zero)
        for _ in 1...2 {
            _ = machine.connectFailed(1, now: .zero)
            _ = machine.backedOff(1)
        }
        _ = machine.acquire(2, now: .zero)
        #expect(machine.connectFailed(1, now: .zero) == [.fail(1, .connecting), .backOff(1, afterAttempt: 3)])
        #expect(machine.counts.waiting == 1)
        _ = machine.backedOff(1)
        #expect(machine.connectFailed(1, now: .zero) == [.fail(2, .connecting), .backOff(1, afterAttempt: 4)])
    }

    @Test func `of many failing attempts one goes on`() {
        var machine = machine()
        for request in 1...3 { _ = machine.acquire(request, now: .zero) }
        #expect(machine.connectFailed(1, now: .zero) == [])
        #expect(machine.connectFailed(2, now: .zero) == [])
        #expect(machine.connectFailed(3, now: .zero).contains(.backOff(3, afterAttempt: 3)))
        #expect(machine.counts.pending == 1)
    }

    @Test func `while one backs off newcomers start no attempts of their own`() {
        var machine = machine()
        _ = machine.acquire(1, now: .zero)
        _ = machine.connectFailed(1, now: .zero)
        #expect(machine.acquire(2, now: .seconds(1)) == [])
        #expect(machine.counts.waiting == 2)
    }

    @Test func `the first success brings all that are called for`() {
        var machine = machine()
        for request in 1...3 { _ = machine.acquire(request, now: .zero) }
        _ = machine.connectFailed(1, now: .zero)
        _ = machine.connectFailed(2, now: .zero)
        #expect(
            machine.connected(3, now: .seconds(1)) == [.lease(1, 3, waited: .seconds(1)), .connect(4), .connect(5)])
    }

    @Test func `an open connection keeps those who wait from being told`() {
        var machine = machine(max: 2)
        _ = machine.acquire(1, now: .zero)
        _ = machine.connected(1, now: .zero)
        _ = machine.acquire(2, now: .zero)
        for _ in 1...5 {
            #expect(machine.connectFailed(2, now: .zero).contains(.fail(2, .connecting)) == false)
            _ = machine.backedOff(2)
        }
        #expect(
            machine.release(1, isUsable: true, statements: 1, now: .seconds(3)).first
                == .lease(2, 1, waited: .seconds(3)))
    }

    @Test func `who waits out the time while connecting fails learns the reason`() {
        var machine = machine()
        _ = machine.acquire(1, now: .zero)
        _ = machine.connectFailed(1, now: .seconds(9))
        #expect(machine.tick(now: .seconds(10)) == [.fail(1, .connecting)])
    }

    @Test func `an attempt that nobody needs any more is not repeated`() {
        var machine = machine()
        _ = machine.acquire(1, now: .zero)
        _ = machine.connectFailed(1, now: .zero)
        _ = machine.cancel(1)
        #expect(machine.backedOff(1) == [])
        #expect(machine.counts == .init())
    }

    @Test func `the smallest number is wanted without anybody waiting`() {
        var machine = machine(min: 1)
        _ = machine.connectFailed(1, now: .zero)
        #expect(machine.backedOff(1) == [.connect(1)])
    }

    @Test func `the end fails those who wait and closes what is idle`() {
        var machine = machine(min: 1, max: 1)
        _ = machine.connected(1, now: .zero)
        #expect(machine.drain() == [.close(1, recycled: false)])
        #expect(machine.acquire(1, now: .zero) == [.fail(1, .closed)])
        #expect(machine.closed(1) == [.finished])
    }

    @Test func `the end waits for what is lent`() {
        var machine = machine(max: 1)
        _ = machine.acquire(1, now: .zero)
        _ = machine.connected(1, now: .zero)
        _ = machine.acquire(2, now: .zero)
        #expect(machine.drain() == [.fail(2, .closed)])
        #expect(machine.interruptLeased() == [.interrupt(1)])
        #expect(
            machine.release(1, isUsable: true, statements: 1, now: .zero) == [.close(1, recycled: false)])
        #expect(machine.closed(1) == [.finished])
    }

    @Test func `the end interrupts attempts and checks`() {
        var machine = machine(min: 2)
        _ = machine.connected(1, now: .zero)
        _ = machine.tick(now: .seconds(30))
        #expect(machine.drain() == [.interrupt(1), .interrupt(2)])
        #expect(machine.checked(1, isHealthy: true, now: .zero) == [.close(1, recycled: false)])
        #expect(machine.closed(1) == [])
        #expect(machine.connectFailed(2, now: .zero) == [.finished])
    }

    @Test func `a connection that arrives after the end is closed`() {
        var machine = machine(min: 1)
        _ = machine.drain()
        #expect(machine.connected(1, now: .zero) == [.close(1, recycled: false)])
        #expect(machine.closed(1) == [.finished])
    }

    @Test func `an empty pool is finished at once, and only once`() {
        var machine = machine()
        #expect(machine.drain() == [.finished])
        #expect(machine.drain() == [])
        #expect(machine.tick(now: .seconds(100)) == [])
    }

    /// Whatever happens in whatever order: never more than the largest number, nobody forgotten, nobody served twice.
    @Test(arguments: 1...20) func `random inputs keep the invariants`(seed: UInt64) {
        var random = Generator(state: seed)
        var machine = machine(min: 1, max: 4)
        var model = PoolModel()
        var now = Duration.zero
        model.apply([.connect(1)])
        for _ in 0..<2000 {
            now += .milliseconds(Int.random(in: 0...3000, using: &random))
            model.apply(model.step(&machine, now, &random))
            #expect(machine.connections.count <= 4, "seed \(seed)")
            #expect(machine.counts.waiting == model.waiting.count, "seed \(seed)")
            #expect(machine.counts.leased == model.leased.count, "seed \(seed)")
        }
        model.apply(machine.drain())
        #expect(model.waiting.isEmpty, "seed \(seed)")
    }
}

/// What the outside knows, to give the machine only inputs that can happen.
private struct PoolModel {
    var waiting: Set<Int> = []
    var leased: [Int: Int] = [:]
    var connecting: Set<Int> = []
    var backingOff: Set<Int> = []
    var checking: Set<Int> = []
    var closing: Set<Int> = []
    var nextRequest = 0

    mutating func apply(_ actions: [PoolStateMachine.Action]) {
        for action in actions {
            switch action {
            case .connect(let id): connecting.insert(id)
            case .backOff(let id, _): backingOff.insert(id)
            case .lease(let request, let id, _):
                #expect(waiting.remove(request) != nil)
                #expect(leased.updateValue(request, forKey: id) == nil)
            case .fail(let request, _): #expect(waiting.remove(request) != nil)
            case .check(let id): checking.insert(id)
            case .close(let id, _): closing.insert(id)
            case .interrupt, .wake, .finished: break
            }
        }
    }

    mutating func step(
        _ machine: inout PoolStateMachine, _ now: Duration, _ random: inout Generator
    ) -> [PoolStateMachine.Action] {
        switch Int.random(in: 0..<9, using: &random) {
        case 0, 1:
            nextRequest += 1
            waiting.insert(nextRequest)
            return machine.acquire(nextRequest, now: now)
        case 2: return waiting.randomElement(using: &random).map { machine.cancel($0) } ?? []
        case 3:
            guard let id = connecting.randomElement(using: &random) else { return [] }
            connecting.remove(id)
            return Bool.random(using: &random) ? machine.connected(id, now: now) : machine.connectFailed(id, now: now)
        case 4:
            guard let id = backingOff.randomElement(using: &random) else { return [] }
            backingOff.remove(id)
            return machine.backedOff(id)
        case 5, 6:
            guard let id = leased.keys.sorted().randomElement(using: &random) else { return [] }
            leased[id] = nil
            return machine.release(id, isUsable: Int.random(in: 0..<4, using: &random) > 0, statements: 1, now: now)
        case 7:
            guard let id = closing.randomElement(using: &random) else { return machine.tick(now: now) }
            closing.remove(id)
            return machine.closed(id)
        default:
            guard let id = checking.randomElement(using: &random) else { return machine.tick(now: now) }
            checking.remove(id)
            return machine.checked(id, isHealthy: Bool.random(using: &random), now: now)
        }
    }
}

/// SplitMix64.
private struct Generator: RandomNumberGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return mixed ^ (mixed >> 31)
    }
}
