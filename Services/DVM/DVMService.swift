import Logging
import ServiceKit

/// Answers NIP-90 jobs from the archive. Its work is not built yet.
actor DVMService: BaseService {
    static let serviceName = "dvm"

    nonisolated let context: ServiceContext
    var state = PlainState()

    private var hasSpoken = false

    init(config: DVMConfig, context: ServiceContext) {
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
