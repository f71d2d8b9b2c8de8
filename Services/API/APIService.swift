import Logging
import ServiceKit

/// Gives the archive to people and programs. Its work is not built yet.
actor APIService: BaseService {
    static let serviceName = "api"
    /// Its role may read only.
    static let keepsState = false

    nonisolated let context: ServiceContext
    var state = PlainState()

    private var hasSpoken = false

    init(config: APIConfig, context: ServiceContext) {
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
