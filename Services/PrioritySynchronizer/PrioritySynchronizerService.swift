import Logging
import ServiceKit

/// Archives the listed relays with reserved capacity. Its work is not built yet.
actor PrioritySynchronizerService: BaseService {
    static let serviceName = "priority_synchronizer"

    nonisolated let context: ServiceContext
    var state = PlainState()

    private var hasSpoken = false

    init(config: PrioritySynchronizerConfig, context: ServiceContext) {
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
