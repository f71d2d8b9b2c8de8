import CCares
import Glibc

/// c-ares' side of one question: a channel of its own, so that its sockets, ids and ports are nobody else's.
///
/// Made, used and closed on the loop's thread alone, where c-ares calls back too.
final class DNSExchange {
    let lookup: DNSLookup
    /// What poll(2) is to wait for, by socket.
    private(set) var sockets: [Int32: Int16] = [:]
    private var channel: UnsafeMutableRawPointer?
    /// A server said something.
    private var hasHeard = false

    /// Each server is asked so often; the second time it has twice as long.
    private static let tries: Int32 = 2
    private static let mostMillisecondsATry: Int64 = 20_000
    private static let leastMillisecondsATry: Int64 = 50

    /// nil without memory, or where the servers are not understood.
    init?(_ lookup: DNSLookup, servers: String?) {
        self.lookup = lookup
        let left = ContinuousClock.now.duration(to: lookup.end).wholeMilliseconds
        let patience = min(max(left / 3, Self.leastMillisecondsATry), Self.mostMillisecondsATry)
        // The pointer is good as long as the channel is: `close` ends the channel, and this object outlives it.
        let me = Unmanaged.passUnretained(self).toOpaque()
        channel = ccares_open(
            servers, Int32(patience), Self.tries,
            { context, socket, isReading, isWriting in
                guard let context else { return }
                Unmanaged<DNSExchange>.fromOpaque(context).takeUnretainedValue()
                    .watch(socket, isReading != 0, isWriting != 0)
            }, me)
        if channel == nil { return nil }
    }

    /// Sends the question.
    func begin() {
        guard let channel else { return }
        ccares_ask(
            channel, lookup.question.name, Int32(lookup.question.kind.rawValue),
            { context, status, _, bytes, count in
                guard let context else { return }
                Unmanaged<DNSExchange>.fromOpaque(context).takeUnretainedValue().take(status, bytes, count)
            }, Unmanaged.passUnretained(self).toOpaque())
    }

    /// Milliseconds until it wants to be looked at again.
    func patience(at now: ContinuousClock.Instant, most: Int32) -> Int32 {
        guard let channel else { return most }
        // One more, because they are rounded down and the deadline shall have passed then.
        let left = now.duration(to: lookup.end + .milliseconds(1)).wholeMilliseconds
        return ccares_wait(channel, max(0, min(most, Int32(clamping: left))))
    }

    /// Something happened on a socket.
    func move(_ socket: Int32, _ events: Int16) {
        guard let channel, let wanted = sockets[socket] else { return }
        if events & Int16(POLLIN) != 0, events & Int16(POLLERR) == 0 { hasHeard = true }
        let isBroken = events & Int16(POLLERR | POLLHUP | POLLNVAL) != 0
        let isReading = events & Int16(POLLIN) != 0 || isBroken && wanted & Int16(POLLIN) != 0
        let isWriting = events & Int16(POLLOUT) != 0 || isBroken && wanted & Int16(POLLOUT) != 0
        ccares_process(channel, isReading ? socket : -1, isWriting ? socket : -1)
    }

    /// Time passed.
    func moveOn() {
        if let channel { ccares_process(channel, -1, -1) }
    }

    /// Ends the channel; a second time nothing. Not from within one of its calls.
    func close() {
        guard let channel else { return }
        self.channel = nil
        // Calls back about what is under way, which is answered already or cancelled by it.
        ccares_close(channel)
        lookup.complete(.failure(.cancelled))
    }

    private func watch(_ socket: Int32, _ isReading: Bool, _ isWriting: Bool) {
        let events = Int16(isReading ? POLLIN : 0) | Int16(isWriting ? POLLOUT : 0)
        sockets[socket] = events == 0 ? nil : events
    }

    private func take(_ status: Int32, _ bytes: UnsafeMutablePointer<UInt8>?, _ count: Int32) {
        guard status == 0 else {
            let error = DNSError(status: status)
            // Version 1.18 says so too where every server was reached and failed.
            return lookup.complete(.failure(error == .unreachable && hasHeard ? .serverFailed : error))
        }
        guard let bytes, count > 0 else { return lookup.complete(.failure(.badAnswer)) }
        let message = DNSMessage([UInt8](UnsafeBufferPointer(start: bytes, count: Int(count))))
        let question = lookup.question
        lookup.complete(Result { () throws(DNSError) in try message.answer(to: question) })
    }
}
