import Nostr

/// An EVENT that was sent, as its connection sees it. Event loop only.
final class ActivePublication {
    let number: Int
    let id: EventID
    let mailbox = Mailbox<Settled<PublicationEnd>>(limitBytes: .max)
    var state: PublicationState

    init(number: Int, id: EventID, timeout: Duration, now: Duration) {
        self.number = number
        self.id = id
        state = PublicationState(timeout: timeout, now: now)
    }
}
