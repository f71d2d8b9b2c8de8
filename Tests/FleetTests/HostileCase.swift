import Support

/// A relay that does one thing wrong, and what has to become of it.
struct HostileCase: Sendable {
    /// Which of the relay's valid events are stored.
    enum Stored: Sendable {
        case all
        case none
        /// At least one of them; which ones is a matter of time.
        case some
    }

    /// `relay_coverage.state`.
    enum State: Int, Sendable {
        case open, walking, provisional, sealed, settled, gap
    }

    /// `relay_sync.class`.
    enum Class: Int, Sendable {
        case ok, auth, unordered, unpageable, blocked, unreachable
    }

    /// Its number in docs/HOSTILE.md, and what it does.
    let name: String
    var behaviour = FakeRelayBehaviour()
    /// Valid events that it holds; others are made for it where there are none.
    var events: [SampleEvent] = []
    /// How many are made.
    var count = 40
    /// What it holds beside them and nobody may store.
    var junk: [SampleEvent] = []
    var stored = Stored.all
    /// What `relay_sync.last_error` may be; an empty word for NULL.
    var errors: Set<String> = [""]
    var classes: Set<Class> = [.ok]
    /// Reasons that are counted: events, pages, sets, oddities.
    var reasons: Set<String> = []
    /// `relay_coverage.reason` of a gap.
    var gap: Int?
    /// What its history may come to be, for the most part, where passes are let follow each other.
    var states: Set<State> = [.sealed]

    init(_ name: String, _ change: (inout HostileCase) -> Void = { _ in }) {
        self.name = name
        change(&self)
    }

    /// It fails with one of these errors and is thought of so.
    mutating func fails(_ errors: String..., as classes: Class...) {
        (self.errors, self.classes) = (Set(errors), Set(classes))
    }
}
