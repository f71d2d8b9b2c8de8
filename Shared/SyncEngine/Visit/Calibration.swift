internal import Database
internal import Nostr

/// What the pages of a visit show of how the relay answers, by the way: no page is asked for only to learn that. Pure.
///
/// That a bound is honoured can be seen only where the relay has something beyond it.
struct Calibration: Sendable {
    /// The oldest and the newest second in which the relay is known to have an event.
    private var oldest: Int64?
    private var newest: Int64?
    private var hints: Bool?

    /// - Parameters:
    ///   - coverage: what is known of its history.
    ///   - behaviour: what earlier visits learnt.
    init(_ coverage: CoverageMap, _ behaviour: RelayBehaviour) {
        oldest = coverage.intervals.first { ($0.items ?? 0) > 0 }?.hi
        newest = coverage.intervals.last { ($0.items ?? 0) > 0 }?.lo
        hints = behaviour.hints
    }

    /// What one page shows.
    /// - Parameter capSeen: events in the relay's largest page.
    mutating func observe(_ facts: PageFacts, _ request: PageRequest, capSeen: Int) -> RelayBehaviour {
        var seen = RelayBehaviour()
        guard case .conclusive(let hint) = facts.ending else { return seen }
        // Not every answer has to say it (NIP-67): once is enough.
        if hint != nil { hints = true }
        seen.hints = hints ?? false
        let isWhole = !SecondPlan.mayBeCut(facts.received, limit: request.limit, capSeen: capSeen)
        if let since = request.since {
            if facts.older > 0 {
                seen.since = false
            } else if isWhole, let oldest, oldest < since.seconds {
                seen.since = true
            }
        }
        if let until = request.until {
            if facts.newer > 0 {
                seen.until = false
            } else if !facts.events.isEmpty, let newest, newest > until.seconds {
                seen.until = true
            }
        }
        for second in facts.events.lazy.map(\.createdAt.seconds) {
            oldest = min(oldest ?? second, second)
            newest = max(newest ?? second, second)
        }
        return seen
    }
}

extension SessionFacts {
    /// What the connection itself shows: whether the relay refused us until it knew who asks.
    func behaviour(hasAnswered: Bool) -> RelayBehaviour {
        var seen = RelayBehaviour()
        seen.auth = isAuthenticated != nil ? true : hasAnswered ? false : nil
        return seen
    }
}

extension RelayBehaviour {
    /// What a relay cannot do is found out anew after this time, in seconds: its software may have changed.
    private static let patience: Int64 = 7 * 86_400

    /// It says that the relay lacks what others can do.
    var isShort: Bool {
        negentropy == false || count == false || order == RelayOrder.unordered.rawValue
            || ReadingNote(reading).isBounded
    }

    /// Without shortcomings that were found long ago.
    func worthTryingAgain(at now: UnixTime) -> RelayBehaviour {
        guard let calibratedAt, now.seconds - calibratedAt >= Self.patience else { return self }
        var behaviour = self
        if negentropy == false { behaviour.negentropy = nil }
        if count == false { behaviour.count = nil }
        if order == RelayOrder.unordered.rawValue { behaviour.order = nil }
        var note = ReadingNote(reading)
        note.isBounded = false
        if reading != nil { behaviour.reading = note.word }
        return behaviour
    }
}
