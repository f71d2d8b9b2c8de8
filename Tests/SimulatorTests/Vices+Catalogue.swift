import Support
import SyncEngine

/// The behaviours of relays that were measured, one by one.
extension Vices {
    static let catalogue: [Vices] = [
        Vices(),
        Vices { ($0.cap, $0.names) = (50, ["silent cap"]) },
        Vices { ($0.timeouts, $0.names) = (0.05, ["timeouts"]) },
        Vices { ($0.refusals, $0.names) = (0.05, ["rate-limited"]) },
        Vices { ($0.disconnects, $0.names) = (0.05, ["disconnects"]) },
        // Sets would show what pages leave out; here pages alone have to find it.
        Vices { ($0.earlyEnds, $0.sets, $0.names) = (0.10, .unknown, ["early EOSE"]) },
        Vices { ($0.ignoresUntil, $0.names) = (true, ["ignores until"]) },
        Vices { ($0.ignoresSince, $0.names) = (true, ["ignores since"]) },
        Vices { ($0.order, $0.names) = (.oldestFirst, ["oldest first"]) },
        Vices { ($0.order, $0.names) = (.randomSubset, ["random subset"]) },
        Vices { ($0.omissions, $0.sets, $0.names) = (0.01, .unknown, ["omissions"]) },
        Vices { ($0.hints, $0.names) = (true, ["NIP-67"]) },
        Vices { ($0.hints, $0.sets, $0.names) = (true, .unknown, ["NIP-67 alone"]) },
        Vices { ($0.strays, $0.sets, $0.names) = (3, .unknown, ["strays"]) },
        Vices { ($0.sets, $0.names) = (.unknown, ["no NIP-77"]) },
        Vices { ($0.sets, $0.names) = (.limited(60), ["small sets"]) },
        Vices { ($0.sets, $0.names) = (.lies(5), ["phantoms"]) },
    ]

    init(_ change: (inout Vices) -> Void) {
        self.init()
        change(&self)
    }

    /// What may become of most of its seconds. Strays are noticed only where they stand in an answer that was not the
    /// last; where they are not, nothing is missing either.
    var verdicts: [CoverageState] {
        if ignoresUntil { return [.gap] }
        if strays > 0 { return [.settled, .sealed] }
        return [earlyEnds > 0 || omissions > 0 ? .settled : .sealed]
    }

    /// What its seals rest on.
    var proof: CoverageProof {
        if case .unknown = sets { return hints ? .finishHint : .twoWalks }
        return .negentropy
    }

    /// Up to `most` behaviours at once, and a cap of its own.
    static func random(most: Int, _ random: inout SplitMix64) -> Vices {
        var vices = Vices()
        for _ in 0..<Int.random(in: 0...most, using: &random) {
            let one = catalogue[Int.random(in: catalogue.indices, using: &random)]
            vices.add(one)
        }
        // Most relays do not compare sets.
        if case .compared = vices.sets, Int.random(in: 0..<3, using: &random) > 0 { vices.sets = .unknown }
        vices.cap = Int.random(in: 50...200, using: &random)
        return vices
    }

    /// Takes over what another one does wrong.
    private mutating func add(_ other: Vices) {
        guard !names.contains(other.names.joined()), !other.names.isEmpty else { return }
        names += other.names
        timeouts = max(timeouts, other.timeouts)
        refusals = max(refusals, other.refusals)
        disconnects = max(disconnects, other.disconnects)
        earlyEnds = max(earlyEnds, other.earlyEnds)
        omissions = max(omissions, other.omissions)
        strays = max(strays, other.strays)
        hints = hints || other.hints
        ignoresSince = ignoresSince || other.ignoresSince
        ignoresUntil = ignoresUntil || other.ignoresUntil
        if other.order != .newestFirst { order = other.order }
        if case .compared = sets { sets = other.sets }
    }
}
