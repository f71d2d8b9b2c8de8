import RelayClient
import Settings
import Testing

@testable import SyncEngine

/// When live events are stored, and how many may wait.
@Suite struct TailBufferTests {
    private func buffer(events: Int = 10, bytes: ByteCount = .mebibytes(1)) -> TailBuffer {
        var settings = TailSettings()
        settings.flushInterval = 0.5
        (settings.groupEvents, settings.groupBytes) = (events, bytes)
        return TailBuffer(settings)
    }

    private func chunk(_ events: Int, bytes: Int = 10) -> EventChunk {
        EventChunk(
            bytes: Array(repeating: 0x20, count: events * bytes),
            ranges: (0..<events).map { ($0 * bytes)..<(($0 + 1) * bytes) })
    }

    @Test func `the first events after a silence are due at once, the next ones after the interval`() {
        var buffer = buffer()
        #expect(buffer.dueAt == nil)
        buffer.add(chunk(1), at: .seconds(10))
        #expect(buffer.dueAt == .seconds(10))
        #expect(buffer.take(at: .seconds(10)).count == 1)
        #expect(buffer.isEmpty && buffer.dueAt == nil)
        buffer.add(chunk(1), at: .milliseconds(10_100))
        buffer.add(chunk(1), at: .milliseconds(10_200))
        #expect(buffer.dueAt == .milliseconds(10_500))
        #expect(buffer.take(at: .milliseconds(10_500)).map(\.at) == [.milliseconds(10_100), .milliseconds(10_200)])
        buffer.add(chunk(1), at: .seconds(20))
        #expect(buffer.dueAt == .seconds(20))
    }

    @Test func `a full group is due at once and says that no more may be read`() {
        var buffer = buffer(events: 3)
        buffer.add(chunk(1), at: .seconds(1))
        _ = buffer.take(at: .seconds(1))
        buffer.add(chunk(2), at: .milliseconds(1_100))
        #expect(!buffer.isFull && buffer.dueAt == .milliseconds(1_500))
        buffer.add(chunk(1), at: .milliseconds(1_200))
        #expect(buffer.isFull && buffer.dueAt == .milliseconds(1_100))
        _ = buffer.take(at: .milliseconds(1_200))
        #expect(!buffer.isFull && buffer.events == 0 && buffer.bytes == 0)
    }

    @Test func `bytes fill it too`() {
        var buffer = buffer(events: 1_000, bytes: .kibibytes(16))
        buffer.add(chunk(1, bytes: 16_383), at: .zero)
        #expect(!buffer.isFull)
        buffer.add(chunk(1, bytes: 1), at: .zero)
        #expect(buffer.isFull)
    }

    @Test func `taking nothing leaves the time of the last group as it was`() {
        var buffer = buffer()
        buffer.add(chunk(1), at: .seconds(1))
        _ = buffer.take(at: .seconds(1))
        #expect(buffer.take(at: .milliseconds(1_400)).isEmpty)
        buffer.add(chunk(1), at: .milliseconds(1_450))
        #expect(buffer.dueAt == .milliseconds(1_500))
    }
}
