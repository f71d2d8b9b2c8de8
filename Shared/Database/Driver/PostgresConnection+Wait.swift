import CPostgres
import Glibc

/// What ended a wait.
enum WaitEnd {
    case ready, deadline, interrupted
}

extension PostgresConnection {
    /// Blocks this connection's thread until the socket is ready, the deadline passes or somebody interrupts.
    /// An error on the socket counts as ready: the next call of libpq reports it.
    func wait(
        for events: Int16, _ socket: Int32, until deadline: ContinuousClock.Instant?, mayInterrupt: Bool
    ) -> WaitEnd {
        withUnsafeTemporaryAllocation(of: pollfd.self, capacity: 2) { descriptors in
            while true {
                descriptors[0] = pollfd(fd: socket, events: events, revents: 0)
                descriptors[1] = pollfd(fd: interrupt.descriptor, events: Int16(POLLIN), revents: 0)
                let count = poll(descriptors.baseAddress, mayInterrupt ? 2 : 1, Self.milliseconds(until: deadline))
                if count > 0, mayInterrupt, descriptors[1].revents != 0 { return .interrupted }
                if count > 0, descriptors[0].revents != 0 { return .ready }
                if let deadline, ContinuousClock.now >= deadline { return .deadline }
            }
        }
    }

    /// Whether something can be read right now, without waiting.
    func isReadable(_ socket: Int32) -> Bool {
        var descriptor = pollfd(fd: socket, events: Int16(POLLIN), revents: 0)
        return poll(&descriptor, 1, 0) > 0
    }

    /// Rounded up, so that a wait does not end just before its deadline; -1 waits for ever.
    private static func milliseconds(until deadline: ContinuousClock.Instant?) -> Int32 {
        guard let deadline else { return -1 }
        let left = deadline - ContinuousClock.now
        guard left > .zero else { return 0 }
        return Int32(clamping: Int64((left / .milliseconds(1)).rounded(.up)))
    }
}

/// The waiting of one call: which deadline holds now, and why the statement was told to stop.
struct CallWait {
    enum Stop { case deadline, cancelled }

    let call: Call
    var deadline: ContinuousClock.Instant?
    var stop: Stop?

    init(_ call: Call) {
        self.call = call
        deadline = call.deadline
    }

    /// The error that the caller is given once the statement has ended by our request.
    func error(_ stop: Stop, sqlState: String? = nil) -> any Error {
        switch stop {
        case .deadline: DatabaseError(.deadlineExceeded, step: call.step, sqlState: sqlState, wasSent: true)
        case .cancelled: CancellationError()
        }
    }
}
