import ServiceKit

/// What one run has done so far.
struct RunRecord: Sendable {
    var steps: [Step] = []
    var metrics: [String: Outcome.Metric] = [:]
    /// Newest migration; nil until the schema is there.
    var schemaVersion: Int32?
    /// nil unless relays were seeded.
    var seeding: RelaySeeder.Report?

    /// The run as a whole: a success when every step was one. Errors are the kinds of the failed steps, because their
    /// texts are in the steps, and because one that is the database's absence decides how the process ends.
    var outcome: Outcome {
        let failed = steps.filter { !$0.success }
        var outcome = Outcome(success: failed.isEmpty, message: "", steps: steps, metrics: metrics)
        outcome.errors = failed.map { $0.details["error_kind"] ?? $0.name }
        outcome.message =
            failed.isEmpty
            ? steps.last?.message ?? "" : failed.map { "\($0.name): \($0.message)" }.joined(separator: "; ")
        return outcome
    }
}

extension RelaySeeder.Report {
    /// One sentence for people.
    var message: String {
        """
        \(inserted) relays inserted, \(known) known, \(duplicates) duplicate lines, \
        \(rejected.count + refused) rejected
        """
    }

    /// Counts by reason, and the first bad lines with their numbers.
    var details: [String: String] {
        var details = [
            "inserted": "\(inserted)", "known": "\(known)", "duplicates": "\(duplicates)",
            "rejected": "\(rejected.count + refused)",
        ]
        let counts = Dictionary(rejected.map { ($0.reason, 1) }, uniquingKeysWith: +)
        for (reason, count) in counts { details["rejected_\(reason)"] = "\(count)" }
        if refused > 0 { details["refused_by_database"] = "\(refused)" }
        if !rejected.isEmpty {
            details["rejected_lines"] = rejected.prefix(RelaySeeder.examples).map { "line \($0.line) \($0.reason)" }
                .joined(separator: ", ")
        }
        return details
    }
}
