internal import Nostr
internal import Settings

/// Pages, asked for with room in memory.
extension RelayVisit {
    /// What is waited for at least, by a page that found no room.
    private static let leastRoom = 512 << 10

    /// What asking for a page came to.
    struct Asked: Sendable {
        /// Nil where the visit's time was over before there was room for it.
        var page: RawPage?
        /// Bytes that came and found no room: at most twice a page's, for the room that is waited for doubles.
        var dropped = 0
    }

    /// Asks for a page. One that found no room in memory is asked for again when there is room for twice as much as had
    /// come by then; who waited for room for the largest page would keep all others from theirs.
    func page(
        _ request: PageRequest, _ session: any RelaySession, while mayContinue: () -> Bool
    ) async throws -> Asked {
        let most = settings.sync.pageBytes.bytes
        var (asked, room) = (Asked(), 0)
        while true {
            let page = try await page(request, session, room: room)
            let came = page.bytesUntilShort
            asked.dropped += came ?? 0
            // With room for the largest page it is the page that is too large.
            guard let came, room < most else {
                asked.page = page
                return asked
            }
            guard mayContinue() else { return asked }
            room = min(most, max(came * 2, room * 2, Self.leastRoom))
        }
    }

    private func page(_ request: PageRequest, _ session: any RelaySession, room: Int) async throws -> RawPage {
        var budget = settings.sync.pageBudget(request)
        let loan = try await memory.begin(with: room)
        budget.loan = loan
        budget.storedUntil = now.moved(by: -Int64(settings.sync.overlap.value))
        var page = try await session.page(request.filter, budget: budget)
        loan.settle()
        page.loan = loan
        return page
    }
}

extension RawPage {
    /// Bytes that had come when it was cut off for the want of memory, which says nothing about the relay; nil where it
    /// was not.
    fileprivate var bytesUntilShort: Int? {
        guard ending == .inconclusive(.overBudget), let loan, loan.isShort else { return nil }
        return loan.used
    }
}
