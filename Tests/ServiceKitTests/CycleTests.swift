import Database
import Support
import Telemetry
import Testing

@testable import ServiceKit

/// Cycles without a database: the trial service here keeps no state.
@Suite struct CycleTests {
    actor Stateless: BaseService {
        static let serviceName = "stateless"
        static let keepsState = false
        nonisolated let context: ServiceContext
        var state = PlainState()
        let cycles = Cycles.current

        init(config: TrialService.Config, context: ServiceContext) { self.context = context }
        func run() async throws -> Outcome { try await cycles.next() }
    }

    private struct Broken: Error, CustomStringConvertible { let description = "no route" }

    private let manual = ManualClock()
    private let lines = LogLines()

    private func service(_ cycles: Cycles) -> Stateless {
        Cycles.$current.withValue(cycles) {
            Stateless(config: .init(), context: trialContext(clock: MonotonicClock(manual), lines: lines))
        }
    }

    @Test func `a good cycle is counted, logged and remembered`() async throws {
        let service = service(
            Cycles([
                {
                    Outcome(
                        success: true, message: "done", errors: ["one line"],
                        metrics: ["relays_found": 3, "share": 0.5])
                }
            ]))
        let outcome = await service.cycle(4)
        #expect(outcome?.success == true)
        #expect(await service.state.lastRunAt ?? 0 > 1_700_000_000)
        let line = try #require(lines.all.last)
        for part in [
            #""message":"cycle_completed""#, #""cycle_id":4"#, #""count_relays_found":3"#, #""share":0.5"#,
            #""outcome":"success""#, #""count_errors":1"#, #""level":"info""#,
        ] { #expect(line.contains(part), "\(part)") }
        let text = service.context.metrics.text()
        #expect(text.contains("bigbrotr_cycles_total{outcome=\"success\"} 1\n"))
        #expect(text.contains("bigbrotr_cycle_duration_seconds_count 1\n"))
        #expect(!text.contains("bigbrotr_errors_total"))
    }

    @Test func `whatever a cycle throws is caught, named and counted`() async {
        let service = service(
            Cycles([
                { throw Broken() }, { throw DatabaseError(.deadlock, step: "x") },
                { Outcome(success: false, message: "half") },
            ]))
        let readiness = Readiness(failureLimit: .zero, clock: MonotonicClock(manual))
        for number in 1...3 { #expect(await service.cycle(number, readiness: readiness)?.success == false) }
        let text = service.context.metrics.text()
        for kind in ["broken", "deadlock", "cycle_failed"] {
            #expect(text.contains("bigbrotr_errors_total{kind=\"\(kind)\"} 1\n"))
        }
        #expect(text.contains("bigbrotr_cycles_total{outcome=\"failure\"} 3\n"))
        #expect(lines.messages == ["cycle_failed", "cycle_failed", "cycle_completed"])
        manual.advance(by: .seconds(1))
        #expect(readiness.report().checks.last?.isHealthy == false)
    }

    @Test func `the series of cycles are there before the first`() {
        let service = service(Cycles([]))
        service.registerCycles()
        let text = service.context.metrics.text()
        for outcome in ["success", "failure"] {
            #expect(text.contains("bigbrotr_cycles_total{outcome=\"\(outcome)\"} 0\n"))
        }
        #expect(text.contains("bigbrotr_cycle_duration_seconds_count 0\n"))
    }

    @Test func `an interrupted cycle is neither a success nor a failure`() async {
        let service = service(Cycles([{ throw CancellationError() }]))
        #expect(await service.cycle(1) == nil)
        #expect(!service.context.metrics.text().contains("bigbrotr_cycles_total"))
    }

    @Test func `failed cycles are retried with growing waits, good ones after the interval`() async {
        let bad: Cycles.Cycle = { throw Broken() }
        let good: Cycles.Cycle = { Outcome(success: true, message: "") }
        let cycles = Cycles([bad, bad, bad, good, bad, good])
        let service = service(cycles)
        var waits: [Duration] = []
        await withTaskGroup { group in
            group.addTask { await service.runForever(interval: .seconds(100)) }
            // The first delay: half of two seconds, by the randomness of these tests.
            for wait in [1, 1, 2, 4, 100, 1] {
                await manual.waitForSleepers()
                manual.advance(by: .seconds(wait) - .milliseconds(1))
                let before = cycles.count
                manual.advance(by: .milliseconds(1))
                await manual.waitForSleepers()
                #expect(cycles.count == before + 1)
                waits.append(.seconds(wait))
            }
            service.stop()
        }
        #expect(waits.count == 6)
    }

    @Test func `stop lets the cycle in hand finish and begins no other`() async {
        let cycles = Cycles([{ Outcome(success: true, message: "") }])
        let service = service(cycles)
        service.stop()
        await service.runForever(interval: .seconds(100))
        #expect(cycles.count == 0)
    }

    @Test func `product names follow service names`() {
        #expect(TrialService.productName == "bigbrotr-trial-service")
    }
}
