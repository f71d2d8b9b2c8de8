import CPostgres
import Glibc

extension PostgresConnection {
    /// The whole login, step by step on this thread, so that deadline and cancellation hold at every step.
    func openNow(_ ticket: UInt64) throws {
        let call = Call(ticket: ticket, deadline: ContinuousClock.now + options.connectTimeout, step: "connect")
        interrupt.begin(ticket)
        defer { interrupt.end() }
        try Task.checkCancellation()
        close()
        guard let pointer = Self.start(options.keywords) else {
            throw DatabaseError(.resources, step: "connect", detail: "out of memory")
        }
        do {
            try login(pointer, call)
        } catch {
            PQfinish(pointer)
            throw error
        }
        handle = pointer
        cancelKey = CancelKey(of: pointer)
        setUsable(true)
    }

    private func login(_ pointer: OpaquePointer, _ call: Call) throws {
        // Without this libpq writes notices to standard error.
        PQsetNoticeReceiver(pointer, { _, _ in }, nil)
        guard PQstatus(pointer) != CONNECTION_BAD else { throw Self.connectError(pointer) }
        var wanted = Int16(POLLOUT)
        while true {
            switch wait(for: wanted, PQsocket(pointer), until: call.deadline, mayInterrupt: true) {
            case .ready: break
            case .interrupted: throw CancellationError()
            case .deadline:
                throw DatabaseError(.connectionFailed, step: "connect", detail: "no answer in time")
            }
            switch PQconnectPoll(pointer) {
            case PGRES_POLLING_OK:
                PQsetnonblocking(pointer, 1)
                return
            case PGRES_POLLING_READING: wanted = Int16(POLLIN)
            case PGRES_POLLING_WRITING: wanted = Int16(POLLOUT)
            default: throw Self.connectError(pointer)
            }
        }
    }

    /// libpq copies keywords and values.
    private static func start(_ keywords: [(String, String)]) -> OpaquePointer? {
        let names = keywords.map { strdup($0.0) }
        let values = keywords.map { strdup($0.1) }
        defer { for text in names + values { free(text) } }
        let nameList = names.map { UnsafePointer($0) } + [nil]
        let valueList = values.map { UnsafePointer($0) } + [nil]
        return PQconnectStartParams(nameList, valueList, 0)
    }

    /// The message of a failed login names host, port and user, never the password. libpq gives no SQLSTATE here, so
    /// the kind is read from the text where it matters.
    private static func connectError(_ pointer: OpaquePointer) -> DatabaseError {
        let message = String(cString: PQerrorMessage(pointer))
        let refused = ["password authentication failed", "authentication failed", "no pg_hba.conf entry", "SASL"]
        let isRefused = refused.contains { message.contains($0) } || message.contains("no password supplied")
        let kind: DatabaseError.Kind = isRefused ? .authenticationFailed : .connectionFailed
        let line = message.split(whereSeparator: \.isNewline).joined(separator: "; ")
        return DatabaseError(kind, step: "connect", detail: String(line.prefix(300)))
    }
}

extension String {
    fileprivate func contains(_ other: String) -> Bool { firstRange(of: other) }

    private func firstRange(of other: String) -> Bool {
        let (text, part) = (Array(utf8), Array(other.utf8))
        guard part.count <= text.count else { return false }
        return (0...(text.count - part.count)).contains { text[$0..<($0 + part.count)].elementsEqual(part) }
    }
}
