import CPostgres
import Glibc
import Synchronization
import Threads

/// Lets other tasks stop the call a connection's thread is blocked in.
///
/// The thread waits on the server's socket and on this event descriptor together; whoever cancels writes to it.
/// Each call has a ticket, so that a cancellation that comes late cannot hit the next call.
final class Interrupt: Sendable {
    private struct State {
        var current: UInt64 = 0
        var isRequested = false
    }

    private let state = Mutex(State())
    private let tickets = Atomic<UInt64>(0)
    /// The event descriptor; owned by this object, so it cannot be reused by others while somebody may write to it.
    let descriptor: Int32

    /// Throws kind `resources` when no descriptor is left.
    init() throws(DatabaseError) {
        descriptor = eventfd(0, Int32(EFD_NONBLOCK) | Int32(EFD_CLOEXEC))
        if descriptor < 0 { throw DatabaseError(.resources, step: "connect", detail: "no file descriptor left") }
    }

    deinit { close(descriptor) }

    /// A number for the next call.
    func nextTicket() -> UInt64 { tickets.wrappingAdd(1, ordering: .relaxed).newValue }

    /// The thread starts the call with this ticket; requests for earlier ones are forgotten.
    func begin(_ ticket: UInt64) {
        let wasRequested = state.withLock { state in
            defer { state = State(current: ticket) }
            return state.isRequested
        }
        if wasRequested { drain() }
    }

    /// The thread is done with its call.
    func end() {
        state.withLock { $0.current = 0 }
    }

    /// Stops the call with this ticket if it is the one that runs.
    func request(_ ticket: UInt64) {
        state.withLock { state in
            guard state.current == ticket, ticket != 0, !state.isRequested else { return }
            state.isRequested = true
            // Inside the lock: a new call cannot begin before the signal is there to be drained.
            eventfd_write(descriptor, 1)
        }
    }

    /// Stops whatever runs now.
    func requestCurrent() { request(state.withLock { $0.current }) }

    private func drain() {
        var value: eventfd_t = 0
        eventfd_read(descriptor, &value)
    }
}

/// The key with which any thread may ask the server to stop what a connection runs.
///
/// @unchecked: libpq documents PQcancel as safe from any thread on an object that is only read, and the object is
/// freed when nobody holds this any more.
final class CancelKey: @unchecked Sendable {
    private let key: OpaquePointer

    /// Of an open connection; nil if it is not open.
    init?(of connection: OpaquePointer) {
        guard let key = PQgetCancel(connection) else { return nil }
        self.key = key
    }

    deinit { PQfreeCancel(key) }

    /// Requests that were sent and not answered yet, of the whole process.
    private static let unanswered = Mutex(0)

    /// Sends the request from a thread of its own: it connects anew, which may block as long as the network likes.
    /// A failure needs no answer: the socket is shut down when the grace is over.
    func send() {
        Self.unanswered.withLock { $0 += 1 }
        let isStarted = DetachedThread.start(name: "pg-cancel", stackBytes: 1 << 18) {
            withUnsafeTemporaryAllocation(of: CChar.self, capacity: 256) { message in
                _ = PQcancel(self.key, message.baseAddress, Int32(message.count))
            }
            Self.unanswered.withLock { $0 -= 1 }
        }
        if !isStarted { Self.unanswered.withLock { $0 -= 1 } }
    }

    /// Whether a request of this process is under way.
    static var isAwaited: Bool { unanswered.withLock { $0 } > 0 }
}
