internal import Nostr

/// How an end is asked about once more.
enum EndQuestion: Sendable, Equatable {
    /// As it was asked before.
    case same
    /// For one event.
    case one
    /// The older half alone, where what is left is more than a day. A relay that hides events after it has counted them
    /// against the limit answers nothing although there is more below.
    case olderHalf(until: UnixTime)
    /// Without `since`, so that what lies below the interval comes too.
    case below
}

/// When a walk believes that nothing is left.
extension WalkPlan {
    /// Events asked for without a lower bound. Every visit of a relay that has nothing new is answered with so many, so
    /// a whole page of them would cost more than all else; where there is something, the walk goes on.
    private static let glance = 10

    private var answersNeeded: Int { endsNeeded + (midpoint == nil ? 0 : 1) }

    private var midpoint: UnixTime? {
        guard let top, top > lo else { return nil }
        let half = (top.seconds - lo.seconds) / 2
        return half > 43_200 ? UnixTime(seconds: lo.seconds + half) : nil
    }

    /// An end is believed after empty answers of different shapes. The question about what lies below comes last: an
    /// event there that is too large for any message ends the connection, and by then nothing else is left to be asked.
    func endQuestion(after answers: Int) -> EndQuestion {
        // One event alone is all that may be asked for where one is too large, and below it may stand.
        if answers + 1 >= answersNeeded { return pageSize > 1 || lowerBound == nil ? .below : .same }
        switch answers % 3 {
        case 1: return .one
        case 2: return midpoint.map(EndQuestion.olderHalf) ?? .same
        default: return .same
        }
    }

    func confirmation(_ question: EndQuestion) -> PageRequest {
        switch question {
        case .same: PageRequest(since: lowerBound, until: frontier, limit: pageSize)
        case .one: PageRequest(since: lowerBound, until: frontier, limit: 1)
        case .olderHalf(let midpoint): PageRequest(since: lowerBound, until: midpoint, limit: pageSize)
        case .below: PageRequest(since: nil, until: frontier, limit: min(pageSize, Self.glance))
        }
    }

    mutating func absorbConfirmation(_ answers: Int, _ facts: PageFacts, _ hint: EOSEHint?) -> Progress {
        guard !facts.isUnproven else {
            return absorbEmpty(facts, hint, answers: answers + 1)
        }
        let question = endQuestion(after: answers)
        mode = .descending
        // What is that new may have come since the answer before.
        guard facts.events.contains(where: { $0.createdAt < liveAfter }) || !facts.ghosts.isEmpty else {
            return absorbPage(facts, hint)
        }
        return denyEnd(question) ?? absorbPage(facts, hint)
    }

    /// The relay contradicted its own "nothing more": it is believed less easily from now on. Nil where the walk goes
    /// on with what was shown.
    mutating func denyEnd(_ question: EndQuestion) -> Progress? {
        let above = top
        contradictions += 1
        endsNeeded += limits.endConfirmations
        guard case .olderHalf(let midpoint) = question, let above else { return nil }
        // What it hides stands above the middle; below it the walk goes on.
        var progress = move(to: midpoint)
        progress.gap = Gap(lo: midpoint.moved(by: 1), hi: above, reason: .unanswered)
        return progress
    }

    private func mayBeCut(_ facts: PageFacts) -> Bool {
        SecondPlan.mayBeCut(facts.received, limit: asked, capSeen: capSeen)
    }

    mutating func absorbEmpty(_ facts: PageFacts, _ hint: EOSEHint?, answers: Int) -> Progress {
        if facts.newer > 0 {
            mode = .over(.unpageable(.untilIgnored))
        } else if facts.isRejected, hint == .more || mayBeCut(facts) {
            return passRejected(facts)
        } else if hint == .finish {
            mode = .over(.reachedEnd(byHint: true))
        } else if hint == .more, facts.older == 0 {
            // What a relay shows from below the interval is what it has more of.
            contradictions += 1
            return absorbInconclusive(.inconclusive(.contradicted))
        } else {
            mode = answers >= answersNeeded ? .over(.reachedEnd(byHint: false)) : .confirmingEnd(answers: answers)
        }
        return Progress()
    }
}
