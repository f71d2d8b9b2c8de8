internal import Database

/// What one visit leaves for the next one to keep in mind. Pure.
struct ReadingNote: Sendable, Equatable {
    /// Rounds in a row that got nothing out of a stretch although the relay answered other questions.
    var unanswered = 0
    /// Events that further passes ask for in a page, where that had to shrink; 0 where it had not.
    var lookSize = 0
    /// An event dated ahead of the clock is larger than a message may be: what is newer is not asked for.
    var isBounded = false
    /// Rounds in a row in which it came to no end with comparing sets, which it did before.
    var setsLost = 0

    /// Nothing is to be kept in mind.
    init() {}

    /// As `relay_sync.behaviour` holds it; what cannot be read counts as nothing.
    init(_ word: String?) {
        let numbers = (word ?? "").split(separator: ":", maxSplits: 4, omittingEmptySubsequences: false)
            .map { UInt16($0) }
        guard numbers.count == 4, let unanswered = numbers[0], let size = numbers[1], let bound = numbers[2],
            let lost = numbers[3]
        else { return }
        (self.unanswered, lookSize, isBounded, setsLost) = (Int(unanswered), Int(size), bound > 0, Int(lost))
    }

    /// For `relay_sync.behaviour`: "2:50:0:1".
    var word: String {
        [unanswered, lookSize, isBounded ? 1 : 0, setsLost].map { "\(UInt16(clamping: $0))" }.joined(separator: ":")
    }
}

extension VisitProgress {
    /// What earlier visits left.
    var note: ReadingNote { ReadingNote(behaviour.reading) }

    /// Nil where nothing is new.
    mutating func keep(_ note: ReadingNote) -> RelayBehaviour? {
        guard note != self.note else { return nil }
        var seen = RelayBehaviour()
        seen.reading = note.word
        return learn(seen)
    }
}
