import Database
import Foundation
import Support
import Testing

@testable import ServiceKit

@Suite struct ReadinessTests {
    private let manual = ManualClock()

    private func readiness() -> Readiness { Readiness(failureLimit: .seconds(60), clock: MonotonicClock(manual)) }

    @Test func `nothing is ready before it was asked`() {
        #expect(readiness().report().checks.map(\.isHealthy) == [false, false, true])
    }

    @Test func `failing cycles count after the limit, a success ends that`() {
        let readiness = readiness()
        readiness.note(.init("database", isHealthy: true))
        readiness.note(.init("schema", isHealthy: true))
        readiness.cycleFailed("connection_lost")
        manual.advance(by: .seconds(60))
        readiness.cycleFailed("deadlock")
        #expect(readiness.report().isHealthy)
        manual.advance(by: .milliseconds(1))
        #expect(!readiness.report().isHealthy)
        #expect(readiness.report().checks.last?.reason == "failing for 60 s: deadlock")
        readiness.cycleSucceeded()
        #expect(readiness.report().isHealthy)
    }

    @Test func `the body of readyz is JSON and names what is not right`() throws {
        let report = HealthReport([
            .init("database", isHealthy: true), .init("schema", isHealthy: false, reason: "a\"\n"),
        ])
        let object = try #require(
            try JSONSerialization.jsonObject(with: Data(report.json(service: "finder").utf8)) as? [String: Any])
        #expect(object["ready"] as? Bool == false)
        #expect(object["service"] as? String == "finder")
        let checks = try #require(object["checks"] as? [[String: Any]])
        #expect(checks.map { $0["name"] as? String } == ["database", "schema"])
        #expect(checks[1]["reason"] as? String == "a\" ")
    }
}
