/// A few places for work that takes much memory, given out in the order in which they were asked for.
final class Places: Sendable {
    private let line: WaitingLine

    init(_ count: Int) { line = WaitingLine(count) }

    /// Places that nobody has.
    var free: Int { line.free }

    /// How many stand in line.
    var waiting: Int { line.waiting }

    /// Gives a place when it is the caller's turn; nil where `isOver` returned before.
    /// - Throws: `CancellationError`.
    func enter(until isOver: @escaping @Sendable () async -> Void) async throws -> Place? {
        try await withThrowingTaskGroup(of: Place?.self) { group in
            defer { group.cancelAll() }
            group.addTask { try await self.enter() }
            group.addTask {
                await isOver()
                return nil
            }
            return try await group.next() ?? nil
        }
    }

    private func enter() async throws -> Place {
        try await line.enter(for: 1)
        return Place(self)
    }

    fileprivate func give() { line.give(1) }
}

/// One of the places. It is free again with the last reference.
final class Place: Sendable {
    private let places: Places

    fileprivate init(_ places: Places) { self.places = places }

    deinit { places.give() }
}
