import Testing

@testable import Database

/// Inputs and the actions they must give. Times are seconds since the pool's beginning.
@Suite struct PoolStateMachineTests {
    private func machine(min: Int = 0, max: Int = 2) -> PoolStateMachine {
        var configuration = PoolStateMachine.Configuration()
        configuration.minSize = min
        configuration.maxSize = max
        configuration.maxQueries = 10
        configuration.idleLifetime = .seconds(100)
        configuration.healthCheckInterval = .seconds(30)
        configuration.acquisitionTimeout = .seconds(10)
        var machine = PoolStateMachine(configuration)
        _ = machine.start(now: .zero)
        return machine
    }

    /// A machine with one idle connection, number 1, idle since `now`.
    private func machineWithOneIdle(max: Int = 2) -> PoolStateMachine {
        var machine = machine(min: 1, max: max)
        _ = machine.connected(1, now: .zero)
        return machine
    }

    @Test func `the start makes the smallest number of connections`() {
        var configuration = PoolStateMachine.Configuration()
        configuration.minSize = 3
        var machine = PoolStateMachine(configuration)
        #expect(machine.start(now: .zero) == [.connect(1), .connect(2), .connect(3)])
    }

    @Test func `nobody gets a connection before the start`() {
        var machine = PoolStateMachine(PoolStateMachine.Configuration())
        #expect(machine.acquire(1, now: .zero) == [.fail(1, .closed)])
    }

    @Test func `an idle connection is lent at once`() {
        var machine = machineWithOneIdle()
        #expect(machine.acquire(1, now: .seconds(1)) == [.lease(1, 1, waited: .zero)])
        #expect(machine.counts == .init(live: 1, pending: 0, idle: 0, leased: 1, waiting: 0))
    }

    @Test func `the connection used last is lent first`() {
        var machine = machine(min: 2)
        _ = machine.connected(1, now: .zero)
        _ = machine.connected(2, now: .zero)
        #expect(machine.acquire(1, now: .zero) == [.lease(1, 2, waited: .zero)])
    }

    @Test func `who finds none free makes one and waits for it`() {
        var machine = machine()
        #expect(machine.acquire(1, now: .seconds(1)) == [.connect(1), .wake(at: .seconds(11))])
        #expect(machine.connected(1, now: .seconds(3)) == [.lease(1, 1, waited: .seconds(2))])
    }

    @Test func `no more than the largest number are made`() {
        var machine = machine()
        _ = machine.acquire(1, now: .zero)
        #expect(machine.acquire(2, now: .zero) == [.connect(2)])
        #expect(machine.acquire(3, now: .zero) == [])
        #expect(machine.counts == .init(live: 0, pending: 2, idle: 0, leased: 0, waiting: 3))
    }

    @Test func `waiting is first in first out`() {
        var machine = machine(max: 1)
        for request in 1...3 { _ = machine.acquire(request, now: .seconds(request)) }
        #expect(machine.connected(1, now: .seconds(4)) == [.lease(1, 1, waited: .seconds(3))])
        #expect(release(&machine, 1, at: 5).first == .lease(2, 1, waited: .seconds(3)))
        #expect(release(&machine, 1, at: 6).first == .lease(3, 1, waited: .seconds(3)))
    }

    @Test func `a newcomer does not pass those who wait`() {
        var machine = machineWithOneIdle(max: 1)
        _ = machine.acquire(1, now: .zero)
        _ = machine.acquire(2, now: .zero)
        let actions = release(&machine, 1, at: 1)
        #expect(actions.first == .lease(2, 1, waited: .seconds(1)))
        #expect(machine.acquire(3, now: .seconds(1)).contains { if case .lease = $0 { true } else { false } } == false)
    }

    @Test func `who is cancelled while waiting loses the place`() {
        var machine = machineWithOneIdle(max: 1)
        for request in 1...3 { _ = machine.acquire(request, now: .zero) }
        #expect(machine.cancel(2) == [.fail(2, .cancelled)])
        #expect(release(&machine, 1, at: 1).first == .lease(3, 1, waited: .seconds(1)))
    }

    @Test func `a cancellation after the lending changes nothing`() {
        var machine = machineWithOneIdle()
        _ = machine.acquire(1, now: .zero)
        #expect(machine.cancel(1) == [])
        #expect(machine.counts.leased == 1)
    }

    @Test func `who waits too long is told`() {
        var machine = machineWithOneIdle(max: 1)
        _ = machine.acquire(1, now: .zero)
        _ = machine.acquire(2, now: .seconds(1))
        _ = machine.acquire(3, now: .seconds(2))
        #expect(machine.tick(now: .seconds(11)) == [.fail(2, .timeout), .wake(at: .seconds(12))])
        #expect(machine.tick(now: .seconds(12)) == [.fail(3, .timeout)])
    }

    @Test func `nobody is told a moment too early`() {
        var machine = machineWithOneIdle(max: 1)
        _ = machine.acquire(1, now: .zero)
        _ = machine.acquire(2, now: .seconds(1))
        #expect(machine.tick(now: .milliseconds(10_999)) == [], "it is to be woken at 11 already")
        #expect(machine.tick(now: .seconds(11)) == [.fail(2, .timeout)])
    }

    @Test func `a connection that has run enough statements is replaced`() {
        var machine = machineWithOneIdle()
        _ = machine.acquire(1, now: .zero)
        #expect(machine.release(1, isUsable: true, statements: 9, now: .seconds(1)) == [])
        _ = machine.acquire(2, now: .seconds(1))
        let actions = machine.release(1, isUsable: true, statements: 10, now: .seconds(2))
        #expect(actions == [.close(1, recycled: true), .connect(2)])
    }

    @Test func `one in doubt is closed and replaced for those who wait`() {
        var machine = machineWithOneIdle(max: 1)
        _ = machine.acquire(1, now: .zero)
        _ = machine.acquire(2, now: .zero)
        // Until it is gone there is no room for another.
        #expect(machine.release(1, isUsable: false, statements: 1, now: .seconds(1)) == [.close(1, recycled: false)])
        #expect(machine.closed(1) == [.connect(2)])
        #expect(machine.connected(2, now: .seconds(2)) == [.lease(2, 2, waited: .seconds(2))])
    }

    @Test func `a connection that idled too long is closed`() {
        var machine = machine(max: 1)
        _ = machine.acquire(1, now: .zero)
        _ = machine.connected(1, now: .zero)
        _ = release(&machine, 1, at: 0)
        for check in [30, 60, 90] {
            #expect(machine.tick(now: .seconds(check)).contains(.check(1)))
            _ = machine.checked(1, isHealthy: true, now: .seconds(check))
        }
        #expect(machine.tick(now: .seconds(100)) == [.close(1, recycled: true)])
        #expect(machine.closed(1) == [])
    }

    @Test func `one of the smallest number is replaced when it idled too long`() {
        var machine = machineWithOneIdle()
        let actions = machine.tick(now: .seconds(100))
        #expect(actions.contains(.close(1, recycled: true)))
        #expect(actions.contains(.connect(2)))
    }

    @Test func `an unhealthy idle connection is closed and replaced`() {
        var machine = machineWithOneIdle()
        #expect(machine.tick(now: .seconds(30)) == [.check(1)])
        #expect(machine.checked(1, isHealthy: false, now: .seconds(31)) == [.close(1, recycled: false), .connect(2)])
    }

    @Test func `a healthy one serves whoever came meanwhile`() {
        var machine = machineWithOneIdle(max: 1)
        _ = machine.tick(now: .seconds(30))
        _ = machine.acquire(1, now: .seconds(30))
        #expect(machine.checked(1, isHealthy: true, now: .seconds(31)).first == .lease(1, 1, waited: .seconds(1)))
    }

    @Test func `the pool asks to be woken once for one thing`() {
        var machine = machine(max: 1)
        #expect(machine.acquire(1, now: .zero).contains(.wake(at: .seconds(10))))
        #expect(machine.acquire(2, now: .seconds(1)) == [])
    }

    @Test func `answers about connections it does not know are ignored`() {
        var machine = machineWithOneIdle()
        #expect(machine.connected(7, now: .zero) == [])
        #expect(machine.connectFailed(7, now: .zero) == [])
        #expect(machine.backedOff(7) == [])
        #expect(machine.release(7, isUsable: true, statements: 0, now: .zero) == [])
        #expect(machine.release(1, isUsable: true, statements: 0, now: .zero) == [], "not lent")
        #expect(machine.checked(1, isHealthy: false, now: .zero) == [], "not being checked")
        #expect(machine.cancel(99) == [])
    }

    private func release(_ machine: inout PoolStateMachine, _ id: Int, at second: Int) -> [PoolStateMachine.Action] {
        machine.release(id, isUsable: true, statements: 1, now: .seconds(second))
    }
}
