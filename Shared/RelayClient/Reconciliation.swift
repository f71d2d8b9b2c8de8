/// One NEG-OPEN and what comes for it (NIP-77), pulled by one task.
///
///     let session = try await relay.reconcile(filter, opening: message)
///     while case .message(let message) = try await session.next() { await session.answer(...) }
public final class Reconciliation: Sendable {
    private let number: Int
    private let mailbox: Mailbox<ReconciliationItem>
    private let session: RelaySession
    /// Kept, so that the connection stays open while it is read from.
    private let connection: RelayConnection

    init(number: Int, mailbox: Mailbox<ReconciliationItem>, session: RelaySession, connection: RelayConnection) {
        self.connection = connection
        self.number = number
        self.mailbox = mailbox
        self.session = session
    }

    deinit {
        // Nobody can read it any more: the relay need not keep its side.
        if !mailbox.hasEnded { session.execute { [number] in $0.endReconciliation(number) } }
    }

    /// Waits for the relay's next message, or for the end. After the end, the end again. Throws nothing but
    /// CancellationError, when the calling task is cancelled; the next call loses nothing. One task at a time.
    public func next() async throws -> ReconciliationItem { try await mailbox.next {} }

    /// Sends NEG-MSG. Does nothing after the end, or when there is no message to answer.
    public func answer(_ message: [UInt8]) async { await session.submit { [number] in $0.answer(number, message) } }

    /// Sends NEG-CLOSE if the relay has not ended it; `next` gives `.end(.cancelled)` then, or the end that had come
    /// before.
    public func close() async { await session.submit { [number] in $0.endReconciliation(number) } }
}
