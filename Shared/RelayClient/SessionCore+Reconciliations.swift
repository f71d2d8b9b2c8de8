import Net
import Nostr

extension SessionCore {
    func reconcile(
        _ filter: Filter, _ opening: [UInt8], _ limits: ReconciliationLimits
    ) -> Result<ActiveReconciliation, RelayError> {
        Result { () throws(RelayError) in
            let connection = try ready(reconciliations.count, of: self.limits.maxReconciliations)
            let reconciliation = ActiveReconciliation(
                number: nextNumber, limits: limits, openingBytes: opening.count, now: now)
            nextNumber += 1
            reconciliations.append(reconciliation)
            connection.send(text: ClientMessage.negOpen(reconciliation.id, filter, opening).encode())
            keepTime(min(limits.firstAnswerTimeout, limits.answerTimeout))
            return reconciliation
        }
    }

    /// Sends our side's next message.
    func answer(_ number: Int, _ message: [UInt8]) {
        guard let reconciliation = reconciliations.first(where: { $0.number == number }) else { return }
        tell(reconciliation, .answer(message, now: now))
    }

    /// Our side wants no more.
    func endReconciliation(_ number: Int) {
        guard let reconciliation = reconciliations.first(where: { $0.number == number }) else { return }
        tell(reconciliation, .cancelled)
    }

    func reconciliation(_ id: String) -> ActiveReconciliation? { reconciliations.first { $0.id == id } }

    /// Tells the reconciliation with this id what has come; without one it is a stray.
    func tell(_ id: String, _ input: ReconciliationState.Input, byteCount: Int = 0) {
        guard let reconciliation = reconciliation(id) else {
            countStrayEnd()
            return countLate(byteCount)
        }
        tell(reconciliation, input)
    }

    func tell(_ reconciliation: ActiveReconciliation, _ input: ReconciliationState.Input) {
        switch reconciliation.state.handle(input) {
        case .nothing: return
        case .stray: countStrayEnd()
        case .hand(let message):
            // One message at most waits there, so it never asks for a pause.
            _ = reconciliation.mailbox.put(.message(message))
        case .send(let message): connection?.send(text: ClientMessage.negMessage(reconciliation.id, message).encode())
        case .finish(let end, let sendsClose):
            if sendsClose { connection?.send(text: ClientMessage.negClose(reconciliation.id).encode()) }
            reconciliations.removeAll { $0 === reconciliation }
            _ = reconciliation.mailbox.finish(end, discarding: end == .cancelled)
            restIfIdle()
        }
    }
}
