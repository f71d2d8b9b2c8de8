import Support
import SyncEngine

/// The behaviours of relays that were measured, one by one.
extension Vices {
    static let catalogue: [Vices] = paged + failing + lying + crowded + sets

    /// How pages are answered.
    private static let paged: [Vices] = [
        Vices(),
        Vices("silent cap") { $0.cap = 50 },
        Vices("lowered cap") { ($0.cap, $0.laterCap) = (200, 50) },
        Vices("ignores until") { ($0.ignoresUntil, $0.expected.states) = (true, [.gap]) },
        Vices("ignores since") { $0.ignoresSince = true },
        Vices("until exclusive") { ($0.isUntilExclusive, $0.sets) = (true, .unknown) },
        Vices("since exclusive") { ($0.isSinceExclusive, $0.sets) = (true, .unknown) },
        Vices("bounds exclusive") { ($0.isUntilExclusive, $0.isSinceExclusive) = (true, true) },
        // Each answer is over the budget of a page, however few events are asked for, but for those about few seconds.
        Vices("ignores limit") { vices in
            vices.ignoresLimit = true
            vices.expected.states = [.sealed, .provisional]
        },
        Vices("oldest first") { $0.order = .oldestFirst },
        Vices("random subset") { $0.order = .randomSubset },
        Vices("everything twice") { $0.repeats = true },
        Vices("NIP-67") { $0.hints = .honest },
        Vices("NIP-67 alone") { ($0.hints, $0.sets, $0.expected.proof) = (.honest, .unknown, .finishHint) },
    ]

    /// How they fail.
    private static let failing: [Vices] = [
        Vices("timeouts") { $0.timeouts = 0.05 },
        Vices("rate-limited") { $0.refusals = 0.05 },
        Vices("rate-limited by NOTICE") { $0.warnings = 0.05 },
        Vices("refused now and then") { ($0.refusals, $0.refusal) = (0.05, .closed) },
        Vices("AUTH now and then") { ($0.refusals, $0.refusal) = (0.05, .authRequired) },
        Vices("disconnects") { $0.disconnects = 0.05 },
        Vices("NOTICE flood") { $0.floods = 0.05 },
    ]

    /// How they mislead.
    private static let lying: [Vices] = [
        // Sets would show what pages leave out; here pages alone have to find it.
        Vices("early EOSE") { ($0.earlyEnds, $0.sets, $0.expected.states) = (0.10, .unknown, [.settled]) },
        Vices("omissions") { ($0.omissions, $0.sets, $0.expected.states) = (0.01, .unknown, [.settled]) },
        // Noticed only where they stand in an answer that was not the last; elsewhere nothing is missing either.
        Vices("strays") { ($0.strays, $0.sets, $0.expected.states) = (3, .unknown, [.settled, .sealed]) },
        Vices("says finish") { vices in
            (vices.cap, vices.hints, vices.sets, vices.expected.states) = (50, .alwaysFinish, .unknown, [.settled])
        },
        // Its word is not heard any more once it showed nothing of it.
        Vices("says more") { ($0.hints, $0.sets, $0.expected.states) = (.alwaysMore, .unknown, [.settled]) },
        Vices("forgeries") { ($0.forgeries, $0.expected.rejected) = (0.01, "bad_signature") },
        Vices("other signatures") { $0.resignings = 0.3 },
        Vices("copies") { ($0.copies, $0.expected.rejected) = (true, "bad_signature") },
        Vices("churn") {
            ($0.churn, $0.sets, $0.expected.states) = (0.02, .unknown, [.sealed, .settled, .provisional])
        },
        Vices("COUNT") { ($0.counts, $0.sets) = (.exact, .unknown) },
        Vices("COUNT about") { ($0.counts, $0.sets) = (.approximate, .unknown) },
        Vices("COUNT too high") { ($0.counts, $0.sets) = (.wrong(3), .unknown) },
        Vices("COUNT too low") { ($0.counts, $0.sets) = (.wrong(-3), .unknown) },
        Vices("COUNT that cannot be") { ($0.counts, $0.sets) = (.impossible, .unknown) },
    ]

    /// What they hold.
    private static let crowded: [Vices] = [
        Vices("bad ids") { ($0.holdings.badIDs, $0.expected.rejected) = (0.05, "id_mismatch") },
        Vices("bad signatures") { ($0.holdings.badSignatures, $0.expected.rejected) = (0.05, "bad_signature") },
        Vices("garbage") { ($0.holdings.garbage, $0.expected.rejected) = (0.05, "not_json") },
        Vices("long events") { $0.holdings.padding = 2_000 },
        Vices("future") { $0.holdings.future = 20 },
        Vices("much future") { ($0.cap, $0.holdings.future) = (50, 200) },
        Vices("saturated second") { vices in
            (vices.cap, vices.holdings.crowd, vices.sets, vices.expected.gap) = (60, 300, .unknown, .saturatedSecond)
        },
        Vices("small cap") { vices in
            (vices.cap, vices.holdings.crowd, vices.sets, vices.expected.gap) = (20, 60, .unknown, .saturatedSecond)
        },
        Vices("crowded second") { ($0.cap, $0.holdings.crowd) = (60, 300) },
        Vices("oversized event") { vices in
            (vices.holdings.oversized, vices.sets, vices.expected.gap) = (1, .unknown, .oversize)
            // Each time that it is met ends a connection: the second pass is not over by then.
            vices.expected.states = [.sealed, .provisional]
        },
    ]

    /// How they compare sets.
    private static let sets: [Vices] = [
        Vices("no NIP-77") { ($0.sets, $0.expected.proof) = (.unknown, .twoWalks) },
        Vices("small sets") { ($0.sets, $0.expected.proof) = (.limited(60), .negentropy) },
        Vices("phantoms") { ($0.sets, $0.expected.proof) = (.lies(5), .negentropy) },
        Vices("endless sets") { ($0.sets, $0.expected.proof) = (.endless, .twoWalks) },
        Vices("malformed sets") { ($0.sets, $0.expected.proof) = (.malformed, .twoWalks) },
        Vices("partial sets") { ($0.sets, $0.expected.states) = (.partial(3), [.settled]) },
        Vices("shifted sets") { ($0.sets, $0.expected.states) = (.shifted(86_400), [.settled]) },
        Vices("sets that break") { $0.sets = .breaks(after: 2) },
        Vices("sets that end") { $0.sets = .ends(after: 2) },
    ]

    /// Relays with events that the database does not take, where a walk needs more than one answer to get on: the order
    /// of the first page, a crowded second, windows of time; and where sets are compared.
    static let poisoned: [Vices] = [
        poisoned("first page") { _ in },
        poisoned("crowded second") { ($0.cap, $0.holdings.crowd) = (60, 200) },
        poisoned("oldest first") { $0.order = .oldestFirst },
        poisoned("random subset") { $0.order = .randomSubset },
        poisoned("sets") { $0.sets = .compared },
    ]

    private static func poisoned(_ name: String, _ change: (inout Vices) -> Void) -> Vices {
        Vices("poison: " + name) { vices in
            (vices.sets, vices.holdings.poison, vices.expected.rejected) = (.unknown, 0.02, "data_error")
            change(&vices)
        }
    }

    /// Relays that let nobody read, by what they say: nothing is ever known of them but that.
    static let closed: [Vices] = [
        closed(.authRequired, gap: .auth), closed(.restricted, gap: .restricted, visits: 1),
        closed(.paymentRequired, gap: .payment), closed(.rateLimited), closed(.closed),
        Vices("silent") { vices in
            (vices.timeouts, vices.expected.states, vices.expected.error) = (1, [], "timed_out")
        },
        Vices("always NOTICE flood") { vices in
            (vices.floods, vices.expected.states, vices.expected.error) = (1, [], "notice_flood")
        },
    ]

    private static func closed(
        _ reason: InconclusiveReason, gap: CoverageReason? = nil, visits: Int? = nil
    ) -> Vices {
        Vices("always \(reason.rawValue)") { vices in
            (vices.refusals, vices.refusal) = (1, reason)
            vices.expected = Expected(
                states: gap == nil ? [] : [.gap], error: reason.rawValue, gap: gap, visits: visits)
        }
    }

    init(_ name: String = "", _ change: (inout Vices) -> Void) {
        self.init()
        if !name.isEmpty { names = [name] }
        change(&self)
    }

    /// Up to `most` behaviours at once, and a cap of its own.
    static func random(most: Int, _ random: inout SplitMix64) -> Vices {
        var vices = Vices()
        for _ in 0..<Int.random(in: 0...most, using: &random) {
            vices.add(catalogue[Int.random(in: catalogue.indices, using: &random)])
        }
        // Most relays do not compare sets.
        if case .compared = vices.sets, Int.random(in: 0..<3, using: &random) > 0 { vices.sets = .unknown }
        vices.cap = Int.random(in: 50...200, using: &random)
        if vices.laterCap != nil { vices.cap = 200 }
        return vices
    }

    /// Takes over what another one does wrong.
    private mutating func add(_ other: Vices) {
        guard !names.contains(other.names.joined()), !other.names.isEmpty else { return }
        names += other.names
        timeouts = max(timeouts, other.timeouts)
        if other.refusals > 0 { (refusals, refusal) = (other.refusals, other.refusal) }
        disconnects = max(disconnects, other.disconnects)
        floods = max(floods, other.floods)
        warnings = max(warnings, other.warnings)
        earlyEnds = max(earlyEnds, other.earlyEnds)
        omissions = max(omissions, other.omissions)
        forgeries = max(forgeries, other.forgeries)
        resignings = max(resignings, other.resignings)
        copies = copies || other.copies
        churn = max(churn, other.churn)
        strays = max(strays, other.strays)
        laterCap = laterCap ?? other.laterCap
        repeats = repeats || other.repeats
        ignoresSince = ignoresSince || other.ignoresSince
        ignoresUntil = ignoresUntil || other.ignoresUntil
        isSinceExclusive = isSinceExclusive || other.isSinceExclusive
        isUntilExclusive = isUntilExclusive || other.isUntilExclusive
        ignoresLimit = ignoresLimit || other.ignoresLimit
        if other.hints != .none { hints = other.hints }
        if other.order != .newestFirst { order = other.order }
        if case .unknown = other.counts {} else { counts = other.counts }
        if case .compared = sets { sets = other.sets }
        holdings.add(other.holdings)
    }
}

extension Vices.Holdings {
    fileprivate mutating func add(_ other: Vices.Holdings) {
        badIDs = max(badIDs, other.badIDs)
        badSignatures = max(badSignatures, other.badSignatures)
        garbage = max(garbage, other.garbage)
        poison = max(poison, other.poison)
        padding = max(padding, other.padding)
        crowd = max(crowd, other.crowd)
        future = max(future, other.future)
        oversized = max(oversized, other.oversized)
        oversizedAhead = max(oversizedAhead, other.oversizedAhead)
    }
}
