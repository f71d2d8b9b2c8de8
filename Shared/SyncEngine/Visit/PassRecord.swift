internal import Database
internal import Nostr

/// What a further pass over an interval was shown so far, to be compared with what is stored. Pure.
///
/// The comparison is by parts: as the pass walks down, each stretch of seconds it has left behind is closed.
struct PassRecord: Sendable {
    /// The difference between a part as shown now and as stored before.
    struct Difference: Sendable, Equatable {
        /// Events that were not linked to the relay before.
        var fresh = 0
        /// Linked events that were not shown.
        var gone: [StoredSighting] = []
        /// Events shown again after they were gone.
        var returned: [Returned] = []
        /// Events shown.
        var shown = 0
        /// Another slice of the same part had sightings that were not shown.
        var hasLost = false
        /// The two are equal.
        var isNone: Bool { fresh == 0 && gone.isEmpty && returned.isEmpty && !hasLost }

        /// Takes another slice of the same part in; what is gone from it was taken care of.
        mutating func add(_ slice: Difference) {
            fresh += slice.fresh
            shown += slice.shown
            returned += slice.returned
            hasLost = hasLost || slice.hasLost || !slice.gone.isEmpty
        }
    }

    /// An event that was gone and is shown again.
    struct Returned: Sendable, Equatable {
        let id: EventID
        let sighting: KnownSighting
    }

    private var shown: [EventID: PreparedPage.Shown] = [:]
    private var fresh: [Int64] = []

    /// Takes a page in.
    mutating func add(_ page: PreparedPage) {
        for event in page.shown {
            shown[event.id] = event
            if event.isFresh { fresh.append(event.createdAt.seconds) }
        }
    }

    /// Takes in what came live while the pass ran: shown, and not new because of it.
    mutating func add(live events: some Sequence<PreparedPage.Shown>) {
        for event in events where shown[event.id] == nil { shown[event.id] = event }
    }

    /// Compares a part with what is stored of it, and forgets it.
    /// - Parameters:
    ///   - stored: rows of the part, those that this pass has stored meanwhile too.
    ///   - gap: seconds of the part that could not be read whole: what was not shown of them is not gone for that.
    mutating func close(
        _ part: ClosedRange<Int64>, stored: [StoredSighting], gap: WalkPlan.Gap? = nil
    ) -> Difference {
        var difference = Difference()
        difference.fresh = fresh.count { part.contains($0) }
        for sighting in stored {
            guard let event = shown[sighting.id] else {
                let isUnread = gap.map { $0.lo <= sighting.createdAt && sighting.createdAt <= $0.hi } ?? false
                if !sighting.isGone && !isUnread { difference.gone.append(sighting) }
                continue
            }
            guard sighting.isGone else { continue }
            let row = KnownSighting(
                event: sighting.event, createdAt: event.createdAt, kind: event.kind, pubkey: event.pubkey)
            difference.returned.append(Returned(id: event.id, sighting: row))
        }
        let before = shown.count
        fresh.removeAll { part.contains($0) }
        shown = shown.filter { !part.contains($0.value.createdAt.seconds) }
        difference.shown = before - shown.count
        return difference
    }
}
