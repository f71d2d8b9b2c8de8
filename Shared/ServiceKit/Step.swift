public import Database
internal import Telemetry

/// One part of a cycle and how it ended.
public struct Step: Sendable, Equatable {
    /// A figure or a name that a step tells.
    public enum Detail: Sendable, Equatable {
        /// A number of things; logged under `LogKey.count` of its name.
        case count(Int)
        /// A whole number that counts nothing.
        case number(Int)
        /// A name.
        case text(String)
        /// Several names.
        case list([String])
    }

    /// In snake_case: "apply_schema".
    public var name: String
    /// Whether it did what it had to.
    public var success: Bool
    /// One sentence for people.
    public var message: String
    /// Figures and names, for people and logs.
    public var details: [String: Detail]
    /// How long it took.
    public var duration: Duration

    /// Direct form.
    public init(
        name: String, success: Bool, message: String = "", details: [String: Detail] = [:], duration: Duration = .zero
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
        _ body: () async throws -> (message: String, details: [String: Detail])
    ) async throws -> Step {
        let start = clock.now()
        do {
            let (message, details) = try await body()
            return Step(name: name, success: true, message: message, details: details, duration: clock.now() - start)
        } catch let error as CancellationError {
            throw error
        } catch {
            return Step(
                name: name, success: false, message: "\(error)",
                details: [LogKey.errorKind: .text(ErrorKind.name(of: error))], duration: clock.now() - start)
        }
    }
}

extension Step.Detail: ExpressibleByStringLiteral, ExpressibleByStringInterpolation {
    /// A name.
    public init(stringLiteral value: String) { self = .text(value) }
}
