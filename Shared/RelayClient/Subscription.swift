/// One REQ and what comes for it, pulled by one task.
///
///     let page = try await relay.subscribe([filter])
///     while case .events(let chunk) = try await page.next() { ... }
public final class Subscription: Sendable {
    private let number: Int
    private let mailbox: Mailbox<SubscriptionItem>
    private let session: RelaySession
    /// Kept, so that the connection stays open while it is read from.
    private let connection: RelayConnection

    init(number: Int, mailbox: Mailbox<SubscriptionItem>, session: RelaySession, connection: RelayConnection) {
        self.connection = connection
        self.number = number
        self.mailbox = mailbox
        self.session = session
    }

    deinit {
        // Nobody can read it any more: the relay need not send on.
        if !mailbox.hasEnded { session.execute { [number] in $0.cancel(number) } }
    }

    /// Waits for the next item. After the end, the end again. Throws nothing but CancellationError, when the calling
    /// task is cancelled; the subscription goes on then, and the next call loses nothing. One task at a time.
    public func next() async throws -> SubscriptionItem {
        try await mailbox.next { session.execute { $0.resume() } }
    }

    /// Sends CLOSE if the relay has not ended it; what waited is dropped, and `next` gives `.end(.cancelled)`,
    /// or the end that had come before.
    public func close() async { await session.submit { [number] in $0.cancel(number) } }
}
