internal import Nostr
internal import Settings

/// Pages, asked for with room in memory.
extension RelayVisit {
    /// Asks for a page. One that found no room in memory is asked for again when there is room for any.
    func page(_ request: PageRequest, _ session: any RelaySession) async throws -> RawPage {
        let page = try await page(request, session, room: 0)
        guard page.isShortOfMemory else { return page }
        return try await self.page(request, session, room: settings.sync.pageBytes.bytes)
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
    /// It was cut off for the want of memory, which says nothing about the relay.
    fileprivate var isShortOfMemory: Bool { ending == .inconclusive(.overBudget) && loan?.isShort == true }
}
