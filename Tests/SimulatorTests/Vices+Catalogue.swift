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
        Vices { ($0.earlyEnds, $0.names) = (0.10, ["early EOSE"]) },
        Vices { ($0.ignoresUntil, $0.names) = (true, ["ignores until"]) },
        Vices { ($0.ignoresSince, $0.names) = (true, ["ignores since"]) },
        Vices { ($0.order, $0.names) = (.oldestFirst, ["oldest first"]) },
        Vices { ($0.order, $0.names) = (.randomSubset, ["random subset"]) },
        Vices { ($0.omissions, $0.names) = (0.01, ["omissions"]) },
        Vices { ($0.hints, $0.names) = (true, ["NIP-67"]) },
        Vices { ($0.strays, $0.names) = (3, ["strays"]) },
    ]

    init(_ change: (inout Vices) -> Void) {
        self.init()
        change(&self)
    }

    /// What becomes of most of its seconds.
    var verdict: CoverageState {
        if ignoresUntil { return .gap }
        return earlyEnds > 0 || omissions > 0 || strays > 0 ? .settled : .sealed
    }

    /// Up to `most` behaviours at once, and a cap of its own.
    static func random(most: Int, _ random: inout SplitMix64) -> Vices {
        var vices = Vices()
        for _ in 0..<Int.random(in: 0...most, using: &random) {
            let one = catalogue[Int.random(in: catalogue.indices, using: &random)]
            vices.add(one)
        }
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
    }
}
