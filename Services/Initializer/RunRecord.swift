import Nostr
import ServiceKit
import Telemetry

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
        outcome.errors = failed.map { step in
            if case .text(let kind) = step.details[LogKey.errorKind] { return kind }
            return step.name
        }
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
    var details: [String: Step.Detail] {
        var details: [String: Step.Detail] = [
            "inserted": .count(inserted), "known": .count(known), "duplicates": .count(duplicates),
            "rejected": .count(rejected.count + refused),
        ]
        for (reason, count) in RelayList.reasons(rejected) { details["rejected_\(reason)"] = .count(count) }
        if refused > 0 { details["refused_by_database"] = .count(refused) }
        if !rejected.isEmpty { details[LogKey.lines] = .list(lines) }
        return details
    }

    /// The first bad lines with their numbers.
    var lines: [String] {
        rejected.prefix(RelaySeeder.examples).map { "line \($0.place) \($0.reason)" }
    }
}
