import Nostr
import Settings
import SyncEngine

/// What one visit may take at a time (I6), and how much of it a kill may undo (I4).
struct VisitLimits: Sendable {
    /// Requests under way on one connection, the open subscription aside.
    var requests = 1
    /// Connections of one process to one address.
    var connectionsPerAddress = 4
    /// Pages that were received and are not stored: the one that is being stored. With the one that is asked for next
    /// these are the pages that a kill repeats.
    var unstoredPages = 1

    /// Bytes of events that a visit may download.
    var bytes = BudgetSettings().bytes.bytes
    /// Bytes of one page, which may be under way when those are used up.
    let pageBytes = 64 << 10

    /// What a visit that is over took too much of.
    func failures(bytes: Int, _ url: RelayURL) -> [String] {
        bytes <= self.bytes + pageBytes ? [] : ["I6: a visit of \(url) took \(bytes) bytes of \(self.bytes)"]
    }

    /// What is over.
    /// - Parameters:
    ///   - requests: with the one that is about to be sent.
    ///   - sessions: connections to the address, this one included.
    ///   - unstored: pages received before.
    func failures(requests: Int, sessions: Int, unstored: Int, _ url: RelayURL) -> [String] {
        var failures: [String] = []
        if requests > self.requests { failures.append("I6: \(requests) requests at once to \(url)") }
        if sessions > connectionsPerAddress { failures.append("I6: \(sessions) connections to the address of \(url)") }
        if unstored > unstoredPages { failures.append("I4: a kill would repeat \(unstored + 1) pages of \(url)") }
        return failures
    }
}
