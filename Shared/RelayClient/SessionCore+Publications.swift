import Net
import Nostr

extension SessionCore {
    func publish(_ event: Event, _ timeout: Duration) -> Result<ActivePublication, RelayError> {
        Result { () throws(RelayError) in
            let connection = try ready(publications.count, of: limits.maxPublications)
            let publication = ActivePublication(number: nextNumber, id: event.id, timeout: timeout, now: now)
            nextNumber += 1
            publications.append(publication)
            connection.send(text: ClientMessage.event(event).encode())
            keepTime(timeout)
            return publication
        }
    }

    /// Nobody waits for the answer any more.
    func cancelPublication(_ number: Int) {
        guard let publication = publications.first(where: { $0.number == number }) else { return }
        tell(publication, .cancelled)
    }

    /// OK from the relay: for an EVENT, for our AUTH, or for nothing.
    func take(ok id: EventID, isAccepted: Bool, message: String) {
        if let publication = publications.first(where: { $0.id == id }) {
            return tell(publication, .ok(isAccepted: isAccepted, message: message))
        }
        if !authentication.isWaiting { countStray() }
        tellAuthentication(.ok(id, isAccepted: isAccepted, message: message))
    }

    func tell(_ publication: ActivePublication, _ input: PublicationState.Input) {
        guard let end = publication.state.handle(input) else { return }
        publications.removeAll { $0 === publication }
        _ = publication.mailbox.finish(end, discarding: false)
        restIfIdle()
    }
}
