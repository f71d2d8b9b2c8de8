import Database
import Support
import Testing

@testable import ServiceKit

@Suite struct SchemaGateTests {
    private let manual = ManualClock()
    private let lines = LogLines()

    /// A gate that sees these in turn, the last one for ever.
    private func gate(_ verdicts: [SchemaGate.Verdict]) -> SchemaGate {
        let rest = Locked(verdicts)
        return SchemaGate {
            rest.withLock { $0.count > 1 ? $0.removeFirst() : $0[0] }
        }
    }

    private let down = SchemaGate.Verdict.unreachable(kind: "connection_failed", text: "refused")

    private func wait(
        _ gate: SchemaGate, needsSchema: Bool = true, once: Bool = false, steps: Int
    ) async throws -> (SchemaGate.Verdict, HealthReport) {
        let clock = MonotonicClock(manual)
        let context = trialContext(clock: clock, lines: lines)
        let readiness = Readiness(failureLimit: .seconds(60), clock: clock)
        async let verdict = gate.wait(context: context, readiness: readiness, needsSchema: needsSchema, once: once)
        for _ in 0..<steps {
            await manual.waitForSleepers()
            manual.advance(by: .seconds(10))
        }
        return (try await verdict, readiness.report())
    }

    @Test(
        arguments: [(nil, .absent), (0, .tooOld(version: 0)), (1, .ready(version: 1)), (9, .ready(version: 9))]
            as [(Int32?, SchemaGate.Verdict)])
    func `a version means`(version: Int32?, verdict: SchemaGate.Verdict) {
        #expect(SchemaGate.verdict(version: version) == verdict)
    }

    @Test func `a service waits through every state of a database that comes up`() async throws {
        let gate = gate([
            down, down, .absent, .tooOld(version: 0), .incomplete(missing: "commit_pages"), .ready(version: 1),
        ])
        let (verdict, report) = try await wait(gate, steps: 5)
        #expect(verdict == .ready(version: 1))
        #expect(report.isHealthy)
        #expect(
            lines.messages
                == ["database_unreachable", "schema_awaited", "schema_awaited", "schema_awaited", "schema_ready"])
    }

    @Test func `once gives up after the tries of the settings`() async throws {
        let (verdict, report) = try await wait(gate([down]), once: true, steps: 0)
        #expect(verdict == down)
        #expect(report.checks.map(\.reason) == ["connection_failed", "database not reachable", nil])
        let (absent, _) = try await wait(gate([.absent]), once: true, steps: 2)
        #expect(absent == .absent)
    }

    @Test func `who makes the schema needs only a database that answers`() async throws {
        let (verdict, report) = try await wait(gate([down, .absent]), needsSchema: false, steps: 1)
        #expect(verdict == .absent)
        #expect(report.checks.map(\.isHealthy) == [true, false, true])
    }

    @Test func `shutdown ends the wait`() async throws {
        let clock = MonotonicClock(manual)
        let context = trialContext(clock: clock, lines: lines)
        let readiness = Readiness(failureLimit: .seconds(60), clock: clock)
        let gate = gate([.absent])
        async let verdict = gate.wait(context: context, readiness: readiness, needsSchema: true, once: false)
        await manual.waitForSleepers()
        context.shutdown.request()
        #expect(try await verdict == .absent)
    }

    @Test func `shutdown ends a look that gets no answer`() async throws {
        let clock = MonotonicClock(manual)
        let context = trialContext(clock: clock, lines: lines)
        let gate = SchemaGate {
            try await clock.sleep(for: .seconds(1000))
            return .absent
        }
        let readiness = Readiness(failureLimit: .seconds(60), clock: clock)
        async let verdict = gate.wait(context: context, readiness: readiness, needsSchema: true, once: false)
        await manual.waitForSleepers()
        context.shutdown.request()
        #expect(try await verdict.isReachable == false)
        #expect(manual.now.offset == .zero)
    }
}
