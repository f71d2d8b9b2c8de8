internal import Nostr
internal import Settings

extension VisitProgress.Step {
    /// Something was proven, or nothing is left to be asked.
    var getsOn: Bool {
        if progress != WalkPlan.Progress(), !isAhead { return true }
        if case .inconclusive = verdict { return false }
        return verdict != nil
    }

    /// It came down through what is dated behind the stretch, which the next visit has to read again.
    private var isAhead: Bool {
        guard let frontier = progress.frontier else { return false }
        return frontier.seconds > stretch.hi
    }

    mutating func describe(_ page: FetchedPage, _ plan: WalkPlan, since before: Doubts) {
        verdict = plan.verdict
        items = page.facts.events.count
        cap = plan.capSeen
        seen = plan.seenHere
        isHinted = plan.isHinted
        doubts = plan.doubts - before
        order = plan.order
    }
}

extension WalkPlan {
    /// The walk through one stretch.
    init(
        _ stretch: WalkState.Stretch, capSeen: Int, pageSize: Int, sync: SyncSettings, now: UnixTime,
        order: RelayOrder = .unknown, archive: ArchiveFilter = .everything, doubts: Doubts = Doubts(),
        span: Int64? = nil, passed: Int64? = nil, lookSize: Int? = nil, isBounded: Bool = false
    ) {
        var limits = Limits()
        // Another pass asks for other pages, so that a fault that depends on where pages end does not repeat.
        limits.pageSize = stretch.isFirstLook ? pageSize : max(1, min(pageSize * 2 / 3, lookSize ?? .max))
        limits.largestPage = stretch.isFirstLook ? sync.pageSize : max(1, sync.pageSize * 2 / 3)
        // The event that left it stands somewhere in it, and ends each connection that meets it.
        if stretch.isOversize { limits.pageSize = 1 }
        limits.smallestPage = min(limits.smallestPage, limits.pageSize)
        limits.clockSlack = Int64(sync.clockSlack.value)
        let newest = isBounded ? now.moved(by: limits.clockSlack) : nil
        let (lo, frontier): (UnixTime, UnixTime?) =
            switch stretch {
            case .fresh(let lo, _), .head(let lo, _): (lo, archive.until ?? newest)
            case .history(let lo, let frontier, _): (lo, frontier)
            case .interval(let interval): (UnixTime(seconds: interval.lo), UnixTime(seconds: interval.hi))
            }
        // Events made within the last minutes may arrive live between the stored ones.
        let liveAfter = UnixTime(seconds: now.seconds - 300)
        self.init(
            lo: lo, frontier: frontier, capSeen: capSeen, limits: limits, liveAfter: liveAfter, now: now, order: order,
            archive: archive, isDoubted: !doubts.areNone, deniesMore: doubts.contradictions > 0, span: span,
            passed: passed)
    }
}

extension WalkState.Stretch {
    /// Nothing of it was read before.
    var isFirstLook: Bool {
        if case .interval(let interval) = self { interval.state == .open } else { true }
    }

    /// It was read before, and is compared with what is stored of it.
    var isCompared: Bool {
        if case .interval(let interval) = self { !interval.isUnread } else { false }
    }
}

extension SyncSettings {
    /// Sightings that one comparison takes into memory.
    var mostCompared: Int { 100_000 }

    /// A page may hold twice what is usually asked for before it is cut off: relays add live events, and some take no
    /// notice of a small limit.
    func pageBudget(_ request: PageRequest) -> PageBudget {
        var budget = PageBudget(
            events: max(request.limit, pageSize) * 2, bytes: pageBytes.bytes,
            progressTimeout: progressTimeout.duration, totalTimeout: pageTimeout.duration)
        budget.bytesPerMinute = progressBytes.bytes
        return budget
    }
}
