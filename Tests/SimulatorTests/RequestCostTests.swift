import Foundation
import Support
import SyncEngine
import Testing

/// How many requests and bytes the first reading of a relay takes, for each way in which relays behave.
@Suite(.serialized) struct RequestCostTests {
    /// One behaviour, and what its first pass may cost.
    struct Case: Sendable, CustomTestStringConvertible {
        let vices: Vices
        /// Sizes of crowded seconds among the 20,000 events.
        var crowds: [Int] = []
        /// REQs that the model of the design took.
        let proposed: Int
        /// REQs that are accepted at most, where that is not 1.2 times as many.
        var accepted: Int?
        /// Bytes that are accepted at most, in units of what the relay holds.
        var acceptedBytes = 1.2

        var mostRequests: Int { accepted ?? proposed * 12 / 10 }
        var testDescription: String { "\(vices)\(crowds.isEmpty ? "" : " with crowded seconds")" }
    }

    /// As large as the cap, a little smaller and larger, and several times as large: 6,700 events.
    private static let crowds = [499, 500, 501, 1_000, 1_200, 3_000]

    // Where more is accepted than the goal:
    // - Crowded seconds in bytes: each comes whole once, by parts, after a page that showed some of it and a part that
    //   was cut; what no other answer showed is asked for twice. A visit that ends within one begins it again.
    // - NIP-67: the relay is read a second time at once, and sealed by that; the model takes its word.
    // - No order in bytes: a window counts when two answers are equal.
    static let cases: [Case] = [
        Case(vices: plain { _ in }, proposed: 63),
        Case(vices: plain { _ in }, crowds: crowds, proposed: 168, acceptedBytes: 1.6),
        Case(
            vices: plain { ($0.cap, $0.names) = (100, ["silent cap 100"]) }, crowds: crowds, proposed: 749,
            acceptedBytes: 2),
        Case(vices: plain { ($0.timeouts, $0.names) = (0.05, ["timeouts"]) }, proposed: 66),
        Case(vices: plain { ($0.refusals, $0.names) = (0.05, ["rate-limited"]) }, proposed: 70),
        Case(vices: plain { ($0.disconnects, $0.names) = (0.05, ["disconnects"]) }, proposed: 66),
        Case(vices: plain { ($0.earlyEnds, $0.names) = (0.10, ["early EOSE"]) }, proposed: 70),
        Case(vices: plain { ($0.ignoresUntil, $0.names) = (true, ["ignores until"]) }, proposed: 8),
        Case(vices: plain { ($0.ignoresSince, $0.names) = (true, ["ignores since"]) }, proposed: 63),
        Case(
            vices: plain { ($0.order, $0.names) = (.oldestFirst, ["oldest first"]) }, proposed: 485,
            acceptedBytes: 2.5),
        Case(
            vices: plain { ($0.order, $0.names) = (.randomSubset, ["random subset"]) }, proposed: 485,
            acceptedBytes: 2.5),
        Case(vices: plain { ($0.omissions, $0.names) = (0.01, ["omissions"]) }, proposed: 487),
        Case(
            vices: plain { ($0.hints, $0.names) = (.honest, ["NIP-67"]) }, crowds: crowds, proposed: 160, accepted: 330,
            acceptedBytes: 2.8),
        Case(vices: plain { ($0.strays, $0.names) = (3, ["strays"]) }, proposed: 48),
    ]

    /// Without NIP-77, so that the second pass is one of pages.
    private static func plain(_ change: (inout Vices) -> Void) -> Vices {
        Vices {
            $0.sets = .unknown
            change(&$0)
        }
    }

    @Test(arguments: cases) func `the first reading of a relay costs what it should`(_ one: Case) async throws {
        let cost = try RequestCost.measure(one.vices, crowds: one.crowds)
        try record(one, cost)
        #expect(cost.first.requests <= one.mostRequests)
        #expect(cost.bytesRatio <= one.acceptedBytes)
        await Task.yield()
    }

    /// One line a behaviour, for docs/MEASUREMENTS.md: `make simulate COSTS=file`.
    private func record(_ one: Case, _ cost: RequestCost) throws {
        guard let path = ProcessInfo.processInfo.environment["COSTS"], !path.isEmpty else { return }
        let ratio = String(format: "%.2f | %.2f", Double(cost.first.requests) / Double(one.proposed), cost.bytesRatio)
        let second = String(format: "%.2f", Double(cost.second.bytes) / Double(cost.held.bytes))
        let line =
            "| \(one.testDescription) | \(cost.held.events) | \(one.proposed) | \(cost.first.requests) | \(ratio)"
            + " | \(cost.first.visits) | \(cost.missing) | \(cost.read.map { "\($0)" } ?? "-")"
            + " | \(cost.second.requests) | \(second) |\n"
        let before = (try? String(contentsOfFile: path, encoding: .utf8)) ?? ""
        try (before + line).write(toFile: path, atomically: true, encoding: .utf8)
    }
}
