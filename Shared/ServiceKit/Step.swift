public import Database

/// One part of a cycle and how it ended.
public struct Step: Sendable, Equatable {
    /// In snake_case: "apply_schema".
    public var name: String
    /// Whether it did what it had to.
    public var success: Bool
    /// One sentence for people.
    public var message: String
    /// Figures and names, for people and logs.
    public var details: [String: String]
    /// How long it took.
    public var duration: Duration

    /// Direct form.
    public init(
        name: String, success: Bool, message: String = "", details: [String: String] = [:], duration: Duration = .zero
    ) {
        self.name = name
        self.success = success
        self.message = message
        self.details = details
        self.duration = duration
    }

    /// Runs a step and measures it; what it throws becomes a failed step, except cancellation.
    /// - Parameter body: gives the message and the details.
    public static func measure(
        _ name: String, clock: MonotonicClock, isolation: isolated (any Actor)? = #isolation,
        _ body: () async throws -> (message: String, details: [String: String])
    ) async throws -> Step {
        let start = clock.now()
        do {
            let (message, details) = try await body()
            return Step(name: name, success: true, message: message, details: details, duration: clock.now() - start)
        } catch let error as CancellationError {
            throw error
        } catch {
            return Step(
                name: name, success: false, message: "\(error)", details: ["error_kind": ErrorKind.name(of: error)],
                duration: clock.now() - start)
        }
    }
}
