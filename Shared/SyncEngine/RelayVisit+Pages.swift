internal import Nostr
internal import Settings

/// Pages, asked for with room in memory.
extension RelayVisit {
    /// What is waited for at least, by a page that found no room.
    private static let leastRoom = 512 << 10

    /// Asks for a page. One that found no room in memory is asked for again when there is room for twice as much as had
    /// come by then; who waited for room for the largest page would keep all others from theirs.
    func page(_ request: PageRequest, _ session: any RelaySession) async throws -> RawPage {
        let most = settings.sync.pageBytes.bytes
        var room = 0
        while true {
            let page = try await page(request, session, room: room)
            guard let came = page.bytesUntilShort, room < most else { return page }
            room = min(most, max(came * 2, room * 2, Self.leastRoom))
        }
    }

    private func page(_ request: PageRequest, _ session: any RelaySession, room: Int) async throws -> RawPage {
        var budget = settings.sync.pageBudget(request)
        let loan = try await memory.begin(with: room)
        budget.loan = loan
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
