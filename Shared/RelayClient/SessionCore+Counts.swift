import Net
import Nostr

extension SessionCore {
    func count(_ filters: [Filter], _ timeout: Duration) -> Result<ActiveCount, RelayError> {
        Result { () throws(RelayError) in
            let connection = try ready(counts.count, of: limits.maxCounts)
            let count = ActiveCount(number: nextNumber, timeout: timeout, now: now)
            nextNumber += 1
            counts.append(count)
            connection.send(text: ClientMessage.count(count.id, filters).encode())
            keepTime(timeout)
            return count
        }
    }

    /// Nobody waits for the answer any more.
    func cancelCount(_ number: Int) {
        guard let count = counts.first(where: { $0.number == number }) else { return }
        tell(count, .cancelled)
    }

    /// Tells the COUNT with this id what has come; without one it is a stray.
    func tell(countID id: String, _ input: CountState.Input) {
        guard let count = counts.first(where: { $0.id == id }) else { return countStrayEnd() }
        tell(count, input)
    }

    func tell(_ count: ActiveCount, _ input: CountState.Input) {
        guard let end = count.state.handle(input) else { return }
        counts.removeAll { $0 === count }
        _ = count.mailbox.finish(end, discarding: false)
        restIfIdle()
    }
}
