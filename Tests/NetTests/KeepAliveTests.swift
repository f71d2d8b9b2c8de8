import Testing

@testable import Net

@Suite struct KeepAliveTests {
    private func ticks(_ watch: inout KeepAlive, _ count: Int, isReading: Bool = true) -> [KeepAlive.Action] {
        (0..<count).map { _ in watch.tick(isReading: isReading) }
    }

    @Test func `a silent peer gets two pings and is dead at the third turn`() {
        var watch = KeepAlive()
        #expect(ticks(&watch, 4) == [.nothing, .ping, .ping, .dead])
    }

    @Test func `any byte is a sign of life`() {
        var watch = KeepAlive()
        _ = ticks(&watch, 3)
        watch.heard()
        #expect(ticks(&watch, 4) == [.nothing, .ping, .ping, .dead])
    }

    @Test func `nobody is dead while we do not read`() {
        var watch = KeepAlive()
        _ = ticks(&watch, 3)
        #expect(ticks(&watch, 9, isReading: false) == [KeepAlive.Action](repeating: .nothing, count: 9))
        #expect(ticks(&watch, 3) == [.ping, .ping, .dead])
    }
}

@Suite struct WriteWatchTests {
    private func isAlive(_ watch: inout WriteWatch) -> Bool { watch.isAlive() }

    @Test func `bytes that wait a whole turn without any going out are stuck`() {
        var watch = WriteWatch()
        watch.queued(10)
        #expect(isAlive(&watch), "they may have come a moment ago")
        #expect(!isAlive(&watch))
    }

    @Test func `progress or nothing to send is alive`() {
        var watch = WriteWatch()
        #expect(isAlive(&watch))
        watch.queued(10)
        #expect(isAlive(&watch))
        watch.written(5)
        #expect(isAlive(&watch))
        watch.written(5)
        #expect(isAlive(&watch))
        #expect(isAlive(&watch))
        #expect(watch.queuedBytes == 0)
    }
}
