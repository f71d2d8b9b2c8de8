import ServiceKit
import Support
import Testing

@testable import SyncEngine

@Suite(.timeLimit(.minutes(1))) struct PlacesTests {
    private let places = Places(2)

    private func enter() async throws -> Place? {
        try await places.enter { await ShutdownSignal().wait() }
    }

    @Test func `no more than so many have a place, and those in line get theirs in order`() async throws {
        var held = [try await enter(), try await enter()]
        #expect(places.free == 0)
        try await withThrowingTaskGroup(of: Int.self) { group in
            for number in 1...3 {
                group.addTask {
                    let place = try await enter()
                    withExtendedLifetime(place) {}
                    return place == nil ? 0 : number
                }
                try await eventually("the next one waits") { places.waiting == number }
            }
            held.removeLast()
            var order: [Int] = []
            for try await number in group { order.append(number) }
            #expect(order.sorted() == [1, 2, 3])
        }
        #expect(places.free == 1 && places.waiting == 0 && held.count == 1)
    }

    @Test func `who has no time left leaves the line without a place`() async throws {
        let held = [try await enter(), try await enter()]
        let isOver = ShutdownSignal()
        let waiter = Task { try await places.enter { await isOver.wait() } == nil }
        try await eventually("somebody waits") { places.waiting == 1 }
        isOver.request()
        #expect(try await waiter.value)
        try await eventually("nobody waits") { places.waiting == 0 }
        #expect(places.free == 0)
        withExtendedLifetime(held) {}
    }

    @Test func `who is cancelled in the line leaves it, and no place is lost`() async throws {
        var held = [try await enter(), try await enter()]
        let waiter = Task { _ = try await enter() }
        try await eventually("somebody waits") { places.waiting == 1 }
        waiter.cancel()
        _ = await waiter.result
        held.removeAll()
        #expect(places.free == 2 && places.waiting == 0)
    }
}
