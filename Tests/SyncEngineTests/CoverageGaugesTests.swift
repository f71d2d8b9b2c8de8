import Database
import Logging
import ServiceKit
import Support
import Telemetry
import Testing

@testable import SyncEngine

/// The completeness of the archive, measured by one replica of all.
@Suite struct CoverageGaugesTests {
    private static let series = "bigbrotr_coverage_sealed_ratio"

    private func replica(_ database: TestDatabase) -> (context: ServiceContext, gauges: CoverageGauges) {
        let context = ServiceContext(brotr: database.brotr, logger: Logger(label: "test"))
        return (context, CoverageGauges(context))
    }

    @Test func `one replica measures, and the next one when it has ended or lost its lease`() async throws {
        try await withTestDatabase { database in
            let (one, other) = (replica(database), replica(database))
            let shown = { [one, other].map { $0.context.metrics.text().contains(Self.series) } }
            for _ in 0..<2 {
                try await one.gauges.measure()
                try await other.gauges.measure()
                #expect(shown() == [true, false])
            }
            await one.gauges.giveBack()
            try await other.gauges.measure()
            try await one.gauges.measure()
            #expect(shown() == [false, true], "what it said before is not shown any more")
            try await database.pool.execute(
                NamedStatement("test", "UPDATE service_leases SET due_at = now() WHERE name = 'coverage'"))
            try await one.gauges.measure()
            try await other.gauges.measure()
            #expect(shown() == [true, false])
        }
    }
}
