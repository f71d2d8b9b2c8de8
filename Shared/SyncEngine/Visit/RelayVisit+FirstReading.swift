internal import Database
internal import Nostr
internal import Settings

/// History that is read for the first time, by sets where most of it is stored already.
extension RelayVisit {
    /// The part of a walk that is to be compared next; nil where a page is asked for.
    func partForSets(_ walking: Walking, _ reading: Reading) -> ReadingChoice.Part? {
        let plan = walking.plan
        guard plan.isBetweenPages, reading.progress.behaviour.negentropy != false else { return nil }
        switch walking.stretch {
        case .head, .interval: return nil
        case .fresh, .history: break
        }
        // What is newer than the walk's upper bound is for pages: nothing that counts rests on it.
        guard let frontier = plan.frontier, frontier == reading.progress.state.frontier,
            let hi = reading.progress.state.walkHi
        else { return nil }
        return walking.choice.part(lo: plan.lo.seconds, frontier: frontier.seconds, hi: hi.seconds)
    }

    /// Compares a part of a walk and takes it up; the frontier moves in the transaction that stores the last of it.
    /// However it ends, pages go on where it left off, unless the report says that the visit is over.
    func readBySets(
        _ part: ReadingChoice.Part, _ walking: inout Walking, _ session: any RelaySession,
        _ reading: inout Reading, _ report: inout VisitReport
    ) async throws {
        let began = ownTime(reading)
        // One that does not come to an end leaves the other half of the time to pages.
        let half = (reading.deadline + context.clock.now()) / 2
        let compared = try await compare(part.seconds, until: half, session, &reading, &report)
        guard let (verdict, difference) = compared else { return }
        switch verdict {
        case .compared where part.isChecked && difference.lacksWhatIsHeld:
            // It has just shown by a page what its set does not have: its sets say nothing of its pages.
            try await giveUpSets("other_sets", &reading)
        case .compared:
            let (window, stretch) = (VisitProgress.Window(seconds: part.seconds), walking.stretch)
            let taken = try await take(difference, of: part.seconds, session, &reading, &report) {
                $0.seal(window, of: stretch, $1, cap: $2)
            }
            guard let taken else { return }
            walking.plan.skip(below: UnixTime(seconds: part.seconds.lowerBound))
            walking.choice.note(part.seconds, ids: taken.items, needed: difference.need.count, asked: taken.asked)
        case .tooLarge(let isSaid):
            walking.choice.shrink(part.seconds, lost: isSaid ? .zero : ownTime(reading) - began)
            // One that never compared anything, and is silent or endless whatever the window, is like one that cannot.
            if walking.choice.isOver, !isSaid {
                try await loseSets(InconclusiveReason.overBudget.rawValue, &reading)
            } else {
                try await leaveSets(after: walking.choice.lost, &reading)
            }
        case .later, .unsupported: walking.choice.leave()
        case .denied, .unbearable, .disconnected: break
        }
        reading.live.watch(walking.stretch)
    }
}

extension SetComparison.Difference {
    /// The relay says that it has not half of what it has shown.
    fileprivate var lacksWhatIsHeld: Bool { gone.count * 2 > held }
}
