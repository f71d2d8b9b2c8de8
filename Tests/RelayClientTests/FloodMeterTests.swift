import Testing

@testable import RelayClient

@Suite struct FloodMeterTests {
    @Test func `so many in a window and not one more`() {
        var meter = FloodMeter(limit: 3, window: .seconds(10))
        #expect((0..<4).map { meter.isFlooded(at: .seconds($0)) } == [false, false, false, true])
    }

    @Test func `a new window starts at zero`() {
        var meter = FloodMeter(limit: 2, window: .seconds(10))
        #expect([0, 9, 10, 11, 12].map { meter.isFlooded(at: .seconds($0)) } == [false, false, false, false, true])
    }
}
