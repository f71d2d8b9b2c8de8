import Database
import ServiceKit
import Support
import Testing

@Suite struct StepTests {
    private let manual = ManualClock()

    @Test func `a step is measured`() async throws {
        let step = try await Step.measure("load", clock: MonotonicClock(manual)) {
            manual.advance(by: .seconds(3))
            return ("loaded", ["rows": .count(5), "from": "disk"])
        }
        #expect(
            step
                == Step(
                    name: "load", success: true, message: "loaded",
                    details: ["rows": .count(5), "from": .text("disk")], duration: .seconds(3)))
    }

    @Test func `what a step throws is its failure, cancellation passes`() async throws {
        let step = try await Step.measure("load", clock: MonotonicClock(manual)) {
            throw DatabaseError(.deadlock, step: "x")
        }
        #expect(!step.success)
        #expect(step.details == ["error_kind": "deadlock"])
        await #expect(throws: CancellationError.self) {
            _ = try await Step.measure("load", clock: MonotonicClock(manual)) { throw CancellationError() }
        }
    }
}
