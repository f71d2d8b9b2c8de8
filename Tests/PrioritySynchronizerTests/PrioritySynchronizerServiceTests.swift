import Database
import Logging
import ServiceKit
import Settings
import Support
import Telemetry
import Testing

@testable import PrioritySynchronizer

@Suite struct PrioritySynchronizerServiceTests {
    @Test func `a cycle is honest about work that is not built, and says it once`() async throws {
        let lines = LogLines()
        let logger = lines.logger(service: PrioritySynchronizerService.serviceName)
        let brotr = Brotr(settings: BrotrSettings(), password: nil, logger: logger, metrics: PrometheusRegistry())
        let service = PrioritySynchronizerService(
            config: PrioritySynchronizerConfig(), context: ServiceContext(brotr: brotr, logger: logger))
        for _ in 1...3 {
            let outcome = try await service.run()
            #expect(outcome.success)
            #expect(outcome.message == "not built yet")
            #expect(outcome.metrics.isEmpty)
        }
        #expect(lines.messages == ["work_not_built"])
    }
}
