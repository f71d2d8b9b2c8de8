internal import Nostr
internal import RelayClient

extension LiveSession {
    func reconcile(
        _ filter: Filter, opening: [UInt8], budget: ReconciliationBudget,
        reply: @escaping @Sendable (_ message: [UInt8]) async throws -> [UInt8]?
    ) async throws -> ReconciliationEnding {
        let ending = try await attempt(filter, opening, budget, reply)
        // A second attempt begins anew, so it is made only where `reply` has not been asked yet.
        guard case .refusedAtOnce(let first) = ending, first == .inconclusive(.authRequired) else {
            return ending.value
        }
        if let reason = try await refusal() { return .inconclusive(reason) }
        return try await attempt(filter, opening, budget, reply).value
    }

    private enum Attempt {
        case refusedAtOnce(ReconciliationEnding)
        case ended(ReconciliationEnding)

        var value: ReconciliationEnding {
            switch self {
            case .refusedAtOnce(let ending), .ended(let ending): ending
            }
        }
    }

    private func attempt(
        _ filter: Filter, _ opening: [UInt8], _ budget: ReconciliationBudget,
        _ reply: @Sendable (_ message: [UInt8]) async throws -> [UInt8]?
    ) async throws -> Attempt {
        let session: Reconciliation
        do {
            session = try await connection.reconcile(filter, opening: opening, limits: ReconciliationLimits(budget))
        } catch {
            return .ended(.inconclusive(InconclusiveReason(error)))
        }
        do {
            let attempt = try await Self.run(session, reply)
            await session.close()
            return attempt
        } catch {
            await session.close()
            guard let error = error as? NegentropyError else { throw error }
            return .ended(ReconciliationEnding(error))
        }
    }

    private static func run(
        _ session: Reconciliation, _ reply: @Sendable (_ message: [UInt8]) async throws -> [UInt8]?
    ) async throws -> Attempt {
        var isFirst = true
        while true {
            switch try await session.next() {
            case .end(let end):
                return isFirst ? .refusedAtOnce(ReconciliationEnding(end)) : .ended(ReconciliationEnding(end))
            case .message(let message):
                isFirst = false
                guard let answer = try await reply(message) else { return .ended(.finished) }
                await session.answer(answer)
            }
        }
    }
}

extension ReconciliationLimits {
    fileprivate init(_ budget: ReconciliationBudget) {
        self.init()
        firstAnswerTimeout = budget.firstAnswerTimeout
        answerTimeout = budget.progressTimeout
        maxRounds = budget.rounds
        maxBytes = budget.bytes
    }
}

extension ReconciliationEnding {
    fileprivate init(_ end: ReconciliationEnd) {
        self =
            switch end {
            case .refused(.authRequired, _, _), .closed(.authRequired, _): .inconclusive(.authRequired)
            case .refused(.rateLimited, _, _), .closed(.rateLimited, _): .inconclusive(.rateLimited)
            case .refused(let prefix, let message, let maxRecords):
                .refused(prefix: prefix, message: message, maxRecords: maxRecords)
            case .closed(let prefix, let message)
            where prefix == .restricted || prefix == .blocked || prefix == .mute:
                .refused(prefix: prefix, message: message)
            case .closed(let prefix, _): .inconclusive(InconclusiveReason(prefix))
            case .unsupported(let words): words.isEmpty ? .silent : .unsupported
            case .rateLimited: .inconclusive(.rateLimited)
            case .timedOut: .inconclusive(.timedOut)
            case .overBudget: .inconclusive(.overBudget)
            case .malformed(let kind): .malformed(kind)
            case .broken(let error): .inconclusive(InconclusiveReason(error))
            case .cancelled: .inconclusive(.disconnected)
            }
    }

    /// What the reader of messages threw: a session that costs too much is not for that a wrong one.
    fileprivate init(_ error: NegentropyError) {
        switch error {
        case .tooManyRounds, .tooManyBytes: self = .inconclusive(.overBudget)
        default: self = .malformed(error.kind)
        }
    }
}
