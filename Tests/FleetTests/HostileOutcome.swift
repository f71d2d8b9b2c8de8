import Support
import Testing

/// What a relay has come to, by the database and the log.
struct HostileOutcome {
    let error: String
    let relayClass: Int
    let gaps: Set<Int>
    /// Seconds between its first and its last event by `relay_coverage.state`.
    let seconds: [Int: Int]
    /// How often each reason was counted in its visits.
    let reasons: [String: Int]

}

extension HostileRelays {
    /// Expects each relay to have come to what its case says.
    func expectOutcomes(
        _ outcomes: [String: HostileOutcome], sourceLocation: SourceLocation = #_sourceLocation
    ) throws {
        for relay in all {
            let found = try #require(outcomes[relay.url], sourceLocation: sourceLocation)
            let one = relay.one
            let text = Comment(rawValue: "\(one.name): \(found)")
            #expect(one.errors.contains(found.error), text, sourceLocation: sourceLocation)
            #expect(one.classes.contains { $0.rawValue == found.relayClass }, text, sourceLocation: sourceLocation)
            if let gap = one.gap { #expect(found.gaps.contains(gap), text, sourceLocation: sourceLocation) }
        }
    }

    /// Relays of which a reason was not counted, with what was.
    func uncounted(_ outcomes: [String: HostileOutcome]) -> [String] {
        all.compactMap { relay in
            let reasons = outcomes[relay.url]?.reasons ?? [:]
            return relay.one.reasons.isSubset(of: reasons.keys) ? nil : "\(relay.one.name): \(reasons)"
        }
    }

    /// Expects that what was counted for single relays stands in the metrics too.
    func expectCounted(
        _ metrics: String, _ outcomes: [String: HostileOutcome], sourceLocation: SourceLocation = #_sourceLocation
    ) {
        for reason in Set(all.flatMap(\.one.reasons)) {
            let isCounted = ["reason", "outcome"].contains { metrics.contains("\($0)=\"\(reason)\"") }
            #expect(isCounted, "\(reason)", sourceLocation: sourceLocation)
        }
        // What cannot be paged is no failure of a visit.
        let failures = Set(outcomes.values.map(\.error)).subtracting(["", "oversize", "until_ignored"])
        for error in failures {
            let series = #"bigbrotr_errors_total{kind="\#(error)"}"#
            let isCounted = metrics.contains(series)
            #expect(isCounted, "\(error)", sourceLocation: sourceLocation)
        }
    }
}
