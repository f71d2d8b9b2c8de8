import Foundation
import Telemetry
import Testing

@Suite struct LogTimeTests {
    @Test(
        arguments: [
            (0, "1970-01-01T00:00:00.000Z"), (-1, "1969-12-31T23:59:59.999Z"),
            (951_782_400_000, "2000-02-29T00:00:00.000Z"),
            (4_107_542_399_999, "2100-02-28T23:59:59.999Z"), (4_107_542_400_000, "2100-03-01T00:00:00.000Z"),
            (-62_135_596_800_000, "0001-01-01T00:00:00.000Z"), (253_402_300_799_999, "9999-12-31T23:59:59.999Z"),
        ] as [(Int64, String)])
    func `known points of time`(milliseconds: Int64, text: String) {
        #expect(LogTime(milliseconds: milliseconds).text == text)
    }

    @Test func `ten thousand points of time agree with Foundation`() {
        let formatter = ISO8601DateFormatter()
        formatter.formatOptions = [.withInternetDateTime, .withFractionalSeconds]
        formatter.timeZone = TimeZone(identifier: "UTC")
        var generator = SystemRandomNumberGenerator()
        for _ in 0..<10_000 {
            // Whole halves of a second: Foundation's dates are binary fractions and round the others.
            let halves = Int64.random(in: -10_000_000_000...10_000_000_000, using: &generator)
            let date = Date(timeIntervalSince1970: Double(halves) / 2)
            #expect(LogTime(milliseconds: halves * 500).text == formatter.string(from: date), "\(halves)")
        }
    }
}
