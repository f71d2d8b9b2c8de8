import Testing

@testable import RelayClient

@Suite struct MailboxTests {
    private func item(_ bytes: Int) -> SubscriptionItem {
        .events(EventChunk(bytes: [UInt8](repeating: 1, count: bytes), ranges: [0..<bytes]))
    }

    @Test func `items come in order, then the end again and again`() async throws {
        let box = Mailbox<SubscriptionItem>(limitBytes: 100)
        #expect(!box.put(item(1)))
        #expect(!box.put(item(2)))
        #expect(!box.finish(.overBudget, discarding: false))
        #expect(try await box.next {} == item(1))
        #expect(try await box.next {} == item(2))
        #expect(try await box.next {} == .end(.overBudget))
        #expect(try await box.next {} == .end(.overBudget))
    }

    @Test func `over the limit it pauses once and resumes at half`() async throws {
        let box = Mailbox<SubscriptionItem>(limitBytes: 100)
        var resumed = 0
        #expect(!box.put(item(60)))
        #expect(!box.put(item(40)))
        #expect(box.put(item(1)))
        #expect(!box.put(item(10)))
        _ = try await box.next { resumed += 1 }
        #expect(resumed == 0, "51 bytes still wait")
        _ = try await box.next { resumed += 1 }
        #expect(resumed == 1)
        _ = try await box.next { resumed += 1 }
        #expect(resumed == 1)
    }

    @Test func `the end lifts the pause`() {
        let box = Mailbox<SubscriptionItem>(limitBytes: 1)
        #expect(box.put(item(2)))
        #expect(box.finish(.overBudget, discarding: false))
        #expect(!box.finish(.cancelled, discarding: false))
    }

    @Test func `discarding leaves the end alone`() async throws {
        let box = Mailbox<SubscriptionItem>(limitBytes: 10)
        _ = box.put(item(2))
        _ = box.finish(.cancelled, discarding: true)
        #expect(!box.put(item(3)))
        #expect(try await box.next {} == .end(.cancelled))
    }

    @Test func `the first end stays`() async throws {
        let box = Mailbox<SubscriptionItem>(limitBytes: 10)
        _ = box.finish(.overBudget, discarding: false)
        _ = box.finish(.cancelled, discarding: true)
        #expect(try await box.next {} == .end(.overBudget))
    }

    @Test func `a waiting reader gets what is put`() async throws {
        let box = Mailbox<SubscriptionItem>(limitBytes: 10)
        async let first = box.next {}
        _ = box.put(item(3))
        #expect(try await first == item(3))
    }

    @Test func `a cancelled reader throws, and the next one misses nothing`() async throws {
        let box = Mailbox<SubscriptionItem>(limitBytes: 10)
        let reader = Task { try await box.next {} }
        reader.cancel()
        await #expect(throws: CancellationError.self) { try await reader.value }
        _ = box.put(item(4))
        #expect(try await box.next {} == item(4))
    }
}
