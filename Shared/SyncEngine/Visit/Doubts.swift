internal import Database

/// What speaks against believing a relay's answers, counted over all its visits.
struct Doubts: Sendable, Equatable {
    /// Answers that denied each other.
    var contradictions = 0
    /// Answers that ended early as if they were whole. Relays that hide events from strangers do so for ever, and so do
    /// those that give up: both make pages a poor witness, and leave set reconciliation as it is.
    var shortAnswers = 0

    /// Nothing speaks against it.
    var areNone: Bool { self == Doubts() }

    /// Whether a proof of this kind counts.
    func allow(_ proof: CoverageProof) -> Bool {
        switch proof {
        case .negentropy, .exactCount: contradictions == 0
        case .finishHint, .twoWalks: areNone
        }
    }

    static func + (left: Doubts, right: Doubts) -> Doubts {
        Doubts(
            contradictions: left.contradictions + right.contradictions,
            shortAnswers: left.shortAnswers + right.shortAnswers)
    }

    static func - (left: Doubts, right: Doubts) -> Doubts {
        Doubts(
            contradictions: left.contradictions - right.contradictions,
            shortAnswers: left.shortAnswers - right.shortAnswers)
    }
}

extension Doubts {
    /// As `relay_sync.behaviour` holds them.
    init(_ behaviour: RelayBehaviour) {
        self.init(
            contradictions: Int(behaviour.contradictions ?? 0), shortAnswers: Int(behaviour.shortAnswers ?? 0))
    }
}

extension WalkPlan {
    /// Those that this walk met.
    var doubts: Doubts { Doubts(contradictions: contradictions, shortAnswers: shortAnswers) }
}
