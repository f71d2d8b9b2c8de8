internal import Glibc
import Nostr

/// What speaks for a relay in one place of one source.
struct CandidateEvidence: Sendable, Equatable {
    /// `events`, or the URL of an API.
    var source: String
    /// `RelaySlot`, or the shape of an API.
    var slot: String
    /// Distinct authors, each divided by how far what it names goes beyond the quota; 0 for sources without authors.
    var votes: Double
    /// Unix seconds when it was last named there.
    var lastSeen: Int64

    /// What this is worth, from 0.
    ///
    /// The logarithm, because the tenth author says less than the second; half of it a month after it was last named,
    /// a third after two, because lists are republished and hints of years ago are mostly dead.
    /// - Parameter now: Unix seconds.
    func worth(at now: Int64) -> Double {
        let (elapsed, isOverflow) = now.subtractingReportingOverflow(lastSeen)
        let months = isOverflow ? 0 : Double(max(elapsed, 0)) / 2_592_000
        let voices = source == FinderStore.events ? max(votes, 0) : 1
        return weight * log2(1 + voices) / (1 + months)
    }

    /// A list that people keep says more than a hint that a program wrote, and that more than a text.
    private var weight: Double {
        guard source == FinderStore.events else { return 4 }
        switch RelaySlot(rawValue: slot) {
        case .relayList, .probed, .relaySet, .nip05: return 8
        case .group, .followList, .relaysTag, .zapRequest, .channel, .eventHint, .authorHint, .addressHint, .zapHint,
            .nostrURI, .text:
            return 3
        case .blocked, .relayTag, .recommended, .clientHint, .jobInput, .provider, .reference, nil: return 1
        }
    }
}
