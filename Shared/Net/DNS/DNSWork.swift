import CCares
import Glibc

/// What the loop's thread has in hand; nobody else ever sees it.
struct DNSWork {
    private let servers: String?
    private let mostQuestions: Int
    private let bell: Int32
    private var waiting: [DNSLookup] = []
    private var active: [DNSExchange] = []

    /// Longest wait without a look at the deadlines.
    private static let mostWait: Int32 = 60_000

    init(servers: String?, mostQuestions: Int, bell: Int32) {
        self.servers = servers
        self.mostQuestions = mostQuestions
        self.bell = bell
    }

    mutating func add(_ lookups: [DNSLookup]) { waiting += lookups }

    /// Lets go of what nobody waits for any more.
    mutating func sweep() {
        waiting.removeAll { $0.isDone }
        active.removeAll { exchange in
            guard exchange.lookup.isDone else { return false }
            exchange.close()
            return true
        }
    }

    /// One turn: begins what there is room for, waits for something to happen, and moves what can be moved.
    mutating func perform() {
        expire()
        begin()
        // Some end at once, because the name is none.
        sweep()
        // Whoever has become free makes room for those who wait.
        if !waiting.isEmpty, active.count < mostQuestions { return }
        wait()
        sweep()
    }

    /// Lets go of everything; what is under way is answered with `closed`.
    mutating func close() {
        for lookup in waiting + active.map(\.lookup) { lookup.complete(.failure(.closed)) }
        sweep()
    }

    /// A place in the queue is no reason to last longer than the deadline.
    private mutating func expire() {
        let now = ContinuousClock.now
        for lookup in waiting + active.map(\.lookup) where lookup.end <= now { lookup.complete(.failure(.timeout)) }
        sweep()
    }

    private mutating func begin() {
        let room = max(0, mostQuestions - active.count)
        for lookup in waiting.prefix(room) {
            guard let exchange = DNSExchange(lookup, servers: servers) else {
                lookup.complete(.failure(.failed))
                continue
            }
            active.append(exchange)
            exchange.begin()
        }
        waiting.removeFirst(min(room, waiting.count))
    }

    private func wait() {
        var polled = [pollfd(fd: bell, events: Int16(POLLIN), revents: 0)]
        var owners: [DNSExchange] = []
        var patience = Self.mostWait
        let now = ContinuousClock.now
        for exchange in active {
            patience = min(patience, exchange.patience(at: now, most: Self.mostWait))
            for (socket, events) in exchange.sockets {
                polled.append(pollfd(fd: socket, events: events, revents: 0))
                owners.append(exchange)
            }
        }
        let ready = poll(&polled, nfds_t(polled.count), patience)
        var rung: UInt64 = 0
        if polled[0].revents != 0 { _ = eventfd_read(bell, &rung) }
        if ready > 0 {
            for (entry, owner) in zip(polled.dropFirst(), owners) where entry.revents != 0 {
                owner.move(entry.fd, entry.revents)
            }
        }
        for exchange in active { exchange.moveOn() }
    }
}
