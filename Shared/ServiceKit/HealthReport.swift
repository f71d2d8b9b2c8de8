/// What a service says about its own readiness, beyond database, schema and cycles.
public struct HealthReport: Sendable, Equatable {
    /// One condition.
    public struct Check: Sendable, Equatable {
        /// In snake_case: "relays".
        public var name: String
        /// Whether work can be done as far as this condition goes.
        public var isHealthy: Bool
        /// Why not, or something worth knowing; a few words.
        public var reason: String?

        /// Direct form.
        public init(_ name: String, isHealthy: Bool, reason: String? = nil) {
            self.name = name
            self.isHealthy = isHealthy
            self.reason = reason
        }
    }

    /// In the order to be shown.
    public var checks: [Check]

    /// The given conditions; none means that nothing speaks against readiness.
    public init(_ checks: [Check] = []) { self.checks = checks }

    /// All conditions hold.
    public var isHealthy: Bool { checks.allSatisfy(\.isHealthy) }
}
