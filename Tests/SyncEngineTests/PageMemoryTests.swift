import Support
import Testing

@testable import SyncEngine

@Suite(.timeLimit(.minutes(1))) struct PageMemoryTests {
    private static let free = PageMemory.allowance
    private let memory = PageMemory(bytes: 1_000)

    @Test func `bytes count as they come, beyond the first ones, and go back with the page`() async throws {
        do {
            let loan = try await memory.begin()
            #expect(loan.take(Self.free) && memory.free == 1_000)
            #expect(loan.take(400) && memory.free == 600)
            #expect(loan.take(600) && memory.free == 0 && !loan.isShort)
        }
        #expect(memory.free == 1_000)
    }

    @Test func `what finds no room says so and keeps what it has until it ends`() async throws {
        let first = try await memory.begin()
        #expect(first.take(Self.free + 700))
        do {
            let second = try await memory.begin()
            #expect(second.take(Self.free + 300))
            #expect(!second.take(1) && second.isShort && memory.free == 0)
        }
        #expect(memory.free == 300)
        #expect(first.take(300))
    }

    @Test func `what was lent and not used goes back when nothing follows`() async throws {
        let loan = try await memory.begin(with: 5_000)
        #expect(memory.free == 0, "no more than there is")
        #expect(loan.take(Self.free + 250))
        loan.settle()
        #expect(memory.free == 750)
    }

    @Test func `while somebody waits for much, those who want nothing yet stand behind`() async throws {
        let memory = memory
        var holder: PageLoan? = try await memory.begin(with: 600)
        try await withThrowingTaskGroup(of: Int.self) { group in
            group.addTask {
                let loan = try await memory.begin(with: 1_000)
                #expect(memory.free == 0)
                withExtendedLifetime(loan) {}
                return 1
            }
            try await eventually("the first waits") { memory.waiting == 1 }
            group.addTask {
                let loan = try await memory.begin()
                withExtendedLifetime(loan) {}
                return 2
            }
            try await eventually("the second waits") { memory.waiting == 2 }
            #expect(holder?.take(Self.free + 700) == true, "who holds memory comes to an end")
            holder = nil
            var order: [Int] = []
            for try await number in group { order.append(number) }
            #expect(order.sorted() == [1, 2])
        }
        #expect(memory.free == 1_000 && memory.waiting == 0)
    }

    @Test func `who is cancelled in the line leaves it, and the next one goes on`() async throws {
        let memory = memory
        let holder = try await memory.begin(with: 600)
        let much = Task { _ = try await memory.begin(with: 1_000) }
        try await eventually("much is waited for") { memory.waiting == 1 }
        let little = Task { _ = try await memory.begin(with: 300) }
        try await eventually("little waits behind") { memory.waiting == 2 }
        much.cancel()
        await #expect(throws: CancellationError.self) { try await much.value }
        try await little.value
        #expect(memory.free == 400 && memory.waiting == 0)
        withExtendedLifetime(holder) {}
    }
}
