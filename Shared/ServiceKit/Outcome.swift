/// What one cycle of a service did.
public struct Outcome: Sendable, Equatable {
    /// A figure of a cycle: a count, or a measure.
    public enum Metric: Sendable, Equatable, CustomStringConvertible {
        /// A number of things; logged under `LogKey.count` of its name.
        case count(Int64)
        /// Anything else that is measured; logged under its name.
        case measure(Double)

        /// Greater than zero.
        var isPositive: Bool {
            switch self {
            case .count(let value): value > 0
            case .measure(let value): value > 0
            }
        }

        /// The plain number.
        public var description: String {
            switch self {
            case .count(let value): String(value)
            case .measure(let value): String(value)
            }
        }
    }

    /// False when the cycle has to be tried again soon, and when `--once` must end with status 1.
    public var success: Bool
    /// One sentence for people.
    public var message: String
    /// In the order they ran.
    public var steps: [Step]
    /// How long the cycle took; set by whoever ran it.
    public var duration: Duration
    /// What went wrong, one text each, also when the cycle as a whole was a success.
    public var errors: [String]
    /// Figures by name: "relays_found".
    public var metrics: [String: Metric]

    /// Direct form.
    public init(
        success: Bool, message: String, steps: [Step] = [], duration: Duration = .zero, errors: [String] = [],
        metrics: [String: Metric] = [:]
    ) {
        self.success = success
        self.message = message
        self.steps = steps
        self.duration = duration
        self.errors = errors
        self.metrics = metrics
    }
}

extension Outcome {
    /// Adds a step; one that failed makes the cycle one that has to be tried again soon.
    public mutating func add(_ step: Step) {
        steps.append(step)
        guard !step.success else { return }
        success = false
        errors.append("\(step.name): \(step.message)")
    }
}

extension Outcome.Metric: ExpressibleByIntegerLiteral, ExpressibleByFloatLiteral {
    /// A count.
    public init(integerLiteral value: Int64) { self = .count(value) }
    /// A measure.
    public init(floatLiteral value: Double) { self = .measure(value) }
}
