internal import Database
internal import Nostr

/// How fast a relay is asked, and how many connections its address gets.
extension RelayVisit {
    /// Reads through a session that keeps to what the relay and its address bear.
    func readPaced(_ session: any RelaySession) async throws -> VisitReport {
        let address = await countedAddress(of: session)
        if let address, !addresses.update({ $0.open(address, for: lease.url) }) {
            await session.close()
            return busy
        }
        defer { if let address { addresses.update { $0.close(address) } } }
        let paced = PacedSession(
            session, rate: learned, address: address, addresses: addresses, clock: context.clock)
        var report = try await control.guarding(paced) {
            let behaviour = try await context.store.relayBehaviour(lease.relay)
                .worthTryingAgain(at: lease.databaseNow)
            return try await following(paced, ReadingNote(behaviour.reading)) {
                try await rounds(paced, $0, behaviour)
            }
        }
        report.rate = paced.rate
        addresses.update { $0.keep(paced.learned, of: lease.url) }
        report.oddities.merge(await paced.facts().oddities, uniquingKeysWith: +)
        return report
    }

    /// Nothing was asked, for the relay's address has its connections.
    var busy: VisitReport {
        var report = VisitReport(lease)
        report.ending = .addressBusy
        return report
    }

    /// What a relay that refused the connection itself has shown: HTTP 429 or 503, how long to stay away.
    func refused(_ error: any Error) -> VisitReport {
        var report = VisitReport(lease)
        let kind = context.transport.failureKind(error)
        report.ending = .failed(kind)
        report.retryAfter = context.transport.retryAfter(error)
        guard kind == InconclusiveReason.rateLimited.rawValue else { return report }
        var rate = learned
        let now = context.clock.now()
        rate.halve(at: now)
        report.rate = rate.perSecond
        addresses.update { limits in
            limits.keep(rate, of: lease.url)
            limits.halve(lastOf: lease.url, at: now)
        }
        return report
    }

    private var learned: RequestRate { addresses.update { $0.rate(of: lease.url, remembered: lease.rate) } }

    /// Nil for addresses that are no relay's own.
    private func countedAddress(of session: any RelaySession) async -> String? {
        lease.network == .local ? nil : await session.facts().remoteAddress
    }
}
