import Logging
import ServiceKit

/// Discovers relays in archived events and in HTTP APIs. Its work is not built yet.
actor FinderService: BaseService {
    static let serviceName = "finder"

    nonisolated let context: ServiceContext
    var state = PlainState()

    private var hasSpoken = false

    init(config: FinderConfig, context: ServiceContext) {
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
