import Logging
import ServiceKit

/// Probes relays and publishes what it finds. Its work is not built yet.
actor MonitorService: BaseService {
    static let serviceName = "monitor"

    nonisolated let context: ServiceContext
    var state = PlainState()

    private var hasSpoken = false

    init(config: MonitorConfig, context: ServiceContext) {
        self.context = context
    }

    /// Nothing yet, and says so once.
    func run() async throws -> Outcome {
        if !hasSpoken {
            context.logger.notice("work_not_built")
            hasSpoken = true
        }
        return Outcome(success: true, message: "not built yet")
    }
}
