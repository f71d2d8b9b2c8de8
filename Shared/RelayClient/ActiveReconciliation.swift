/// A reconciliation as its connection sees it. Event loop only.
final class ActiveReconciliation {
    let number: Int
    let id: String
    /// Holds one message and the end at most: the relay's next message is not taken before ours is sent.
    let mailbox: Mailbox<ReconciliationItem>
    var state: ReconciliationState

    init(number: Int, limits: ReconciliationLimits, openingBytes: Int, now: Duration) {
        self.number = number
        id = "n\(number)"
        mailbox = Mailbox(limitBytes: .max)
        state = ReconciliationState(limits: limits, openingBytes: openingBytes, now: now)
    }
}
