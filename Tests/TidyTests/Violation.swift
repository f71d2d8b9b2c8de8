import Testing

/// One place where the repository breaks one of its own rules.
struct Violation: Equatable, CustomStringConvertible {
    /// Path relative to the repository root.
    var path: String
    /// Line, counted from 1; 0 when the file as a whole is meant.
    var line: Int
    /// Short name of the rule, in snake_case.
    var rule: String
    /// What is wrong, why it matters and what to write instead.
    var message: String

    /// `path:line: [rule] message`, the form editors make a link of.
    var description: String {
        "\(path):\(line): [\(rule)] \(message)"
    }
}

/// Most violations one test reports; the rest is counted.
private let reportedViolations = 60

/// Records every violation as an issue of the running test.
func expectNone(_ violations: [Violation], sourceLocation: SourceLocation = #_sourceLocation) {
    for violation in violations.prefix(reportedViolations) {
        Issue.record("\(violation)", sourceLocation: sourceLocation)
    }
    if violations.count > reportedViolations {
        Issue.record("and \(violations.count - reportedViolations) more", sourceLocation: sourceLocation)
    }
}
