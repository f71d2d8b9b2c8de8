import CPostgres
import Glibc

extension PostgresConnection {
    /// Sends one statement and reads its result.
    func run(_ statement: NamedStatement, _ parameters: SQLParameters, _ call: Call) throws -> RowSet {
        try perform(call) { handle in
            parameters.withPointers { types, values, lengths, formats in
                PQsendQueryParams(
                    handle, statement.sql, Int32(parameters.count), types, values, lengths, formats, 1)
            }
        }
    }

    /// Sends a script by the simple protocol; libpq hands over one result for each statement.
    func runScriptNow(_ sql: String, _ call: Call) throws {
        _ = try perform(call) { PQsendQuery($0, sql) }
    }

    /// Parses the statement as the unnamed one, then asks what it is. Both need the same server connection, which
    /// transaction pooling gives only inside a transaction.
    func describeNow(_ statement: NamedStatement, _ call: Call) throws -> (parameters: [UInt32], columns: [UInt32]) {
        _ = try perform(call) { PQsendQuery($0, Brotr.begin.sql) }
        let described = Result {
            _ = try perform(call) { PQsendPrepare($0, "", statement.sql, 0, nil) }
            return try perform(call) { PQsendDescribePrepared($0, "") }
        }
        _ = try perform(call) { PQsendQuery($0, Brotr.rollback.sql) }
        let rows = try described.get()
        return (rows.result.parameterTypes(), rows.columnTypes)
    }

    /// The common frame: a fresh ticket, a live socket, send, flush, read all results.
    private func perform(_ call: Call, _ send: (OpaquePointer) -> Int32) throws -> RowSet {
        interrupt.begin(call.ticket)
        defer { interrupt.end() }
        if call.mayCancel { try Task.checkCancellation() }
        let handle = try liveHandle(call)
        defer { setInTransaction(PQtransactionStatus(handle) != PQTRANS_IDLE) }
        countStatement()
        guard send(handle) == 1 else { throw sendError(handle, call) }
        var waiting = CallWait(call)
        try flush(handle, &waiting)
        return try readResults(handle, &waiting)
    }

    /// The handle, if the peer has not closed the connection since the last call. What is found out here has not
    /// reached the server, so any statement may be repeated elsewhere.
    private func liveHandle(_ call: Call) throws -> OpaquePointer {
        guard let handle, PQstatus(handle) == CONNECTION_OK else { throw lost(call, wasSent: false) }
        if isReadable(PQsocket(handle)) {
            // A notice or a changed parameter is fine; a last word before closing is not.
            guard PQconsumeInput(handle) == 1, PQstatus(handle) == CONNECTION_OK, !isReadable(PQsocket(handle)) else {
                throw lost(call, wasSent: false)
            }
        }
        return handle
    }

    private func sendError(_ handle: OpaquePointer, _ call: Call) -> DatabaseError {
        // libpq also refuses to send what it cannot encode or hold; then the connection is as good as before.
        guard PQstatus(handle) == CONNECTION_OK else { return lost(call, wasSent: true) }
        setUsable(false)
        return DatabaseError(.encoding, step: call.step)
    }

    private func lost(_ call: Call, wasSent: Bool) -> DatabaseError {
        setUsable(false)
        return DatabaseError(.connectionLost, step: call.step, wasSent: wasSent)
    }

    private func flush(_ handle: OpaquePointer, _ waiting: inout CallWait) throws {
        while true {
            let left = PQflush(handle)
            if left == 0 { return }
            guard left == 1 else { throw stopError(handle, waiting) }
            // The server may answer (an error) before it has read everything: reading keeps both sides moving.
            try waitActively(handle, Int16(POLLIN | POLLOUT), &waiting)
            guard PQconsumeInput(handle) == 1 else { throw stopError(handle, waiting) }
        }
    }

    /// Reads until libpq says that the statement is over; gives the last result, throws the first error.
    private func readResults(_ handle: OpaquePointer, _ waiting: inout CallWait) throws -> RowSet {
        var last: ServerResult?
        var failure: (any Error)?
        while true {
            while PQisBusy(handle) == 1 {
                try waitActively(handle, Int16(POLLIN), &waiting)
                guard PQconsumeInput(handle) == 1 else { throw stopError(handle, waiting) }
            }
            guard let pointer = PQgetResult(handle) else { break }
            let result = ServerResult(pointer)
            if let error = error(of: result, handle, waiting) { failure = failure ?? error } else { last = result }
            // libpq would give the state of a COPY again for ever: it ends here, with the connection.
            if result.isCopy || PQstatus(handle) != CONNECTION_OK { break }
        }
        if let failure { throw failure }
        guard let last else { throw stopError(handle, waiting) }
        return RowSet(result: last)
    }

    /// Waits for the socket. At the deadline or on cancellation the server is told to stop, once; when it has not
    /// stopped after the grace, the socket is shut down.
    private func waitActively(_ handle: OpaquePointer, _ events: Int16, _ waiting: inout CallWait) throws {
        let end = wait(
            for: events, PQsocket(handle), until: waiting.deadline,
            mayInterrupt: waiting.stop == nil && waiting.call.mayCancel)
        if end == .ready { return }
        if let stop = waiting.stop {
            shutdown(PQsocket(handle), Int32(SHUT_RDWR))
            setUsable(false)
            throw waiting.error(stop)
        }
        waiting.stop = end == .deadline ? .deadline : .cancelled
        waiting.deadline = ContinuousClock.now + options.cancelGrace
        // A request that arrives late must not hit somebody else's statement: this connection is not used again.
        setUsable(false)
        cancelKey?.send()
    }
}
