import CPostgres

extension PostgresConnection {
    /// The error of a call that libpq cannot continue.
    func stopError(_ handle: OpaquePointer, _ waiting: CallWait) -> any Error {
        setUsable(false)
        if let stop = waiting.stop { return waiting.error(stop) }
        return DatabaseError(.connectionLost, step: waiting.call.step, wasSent: true)
    }

    /// The error a result stands for; nil for a good one.
    func error(of result: ServerResult, _ handle: OpaquePointer, _ waiting: CallWait) -> (any Error)? {
        switch result.status {
        case PGRES_TUPLES_OK, PGRES_COMMAND_OK, PGRES_EMPTY_QUERY: return nil
        case PGRES_FATAL_ERROR, PGRES_BAD_RESPONSE, PGRES_NONFATAL_ERROR: break
        default:
            // COPY and pipelines are not spoken here: whoever sends one gets no further with this connection.
            setUsable(false)
            return DatabaseError(.other, step: waiting.call.step, wasSent: true, detail: "unexpected kind of result")
        }
        if PQstatus(handle) != CONNECTION_OK { setUsable(false) }
        let state = result.diagnostic(Int32(UInt8(ascii: "C")))
        if let stop = waiting.stop, state == nil || state == "57014" { return waiting.error(stop, sqlState: state) }
        return Self.serverError(result, state, handle, waiting.call)
    }

    private static func serverError(
        _ result: ServerResult, _ state: String?, _ handle: OpaquePointer, _ call: Call
    ) -> DatabaseError {
        let isOpen = PQstatus(handle) == CONNECTION_OK
        var kind = state.map(DatabaseError.Kind.init(sqlState:)) ?? .connectionLost
        // PgBouncer ends a client with its own errors (08P01); a server that ends one says why in class 57.
        if !isOpen, kind == .other || kind == .connectionFailed { kind = .connectionLost }
        let message = result.diagnostic(Int32(UInt8(ascii: "M")))
        let position = call.isScript ? result.diagnostic(Int32(UInt8(ascii: "W"))) : nil
        let showsMessage = call.isScript || kind.messageIsHarmless
        return DatabaseError(
            kind, step: call.step, sqlState: state, wasSent: true,
            object: result.diagnostic(Int32(UInt8(ascii: "n"))),
            detail: showsMessage ? [message, position].compactMap { $0 }.joined(separator: "; ") : nil)
    }
}

extension SQLParameters {
    /// Hands libpq the four lists it wants, pointing into the one buffer.
    func withPointers<Result>(
        _ body: (
            UnsafePointer<UInt32>?, UnsafePointer<UnsafePointer<CChar>?>?, UnsafePointer<Int32>?, UnsafePointer<Int32>?
        ) -> Result
    ) -> Result {
        guard count > 0 else { return body(nil, nil, nil, nil) }
        return writer.bytes.withUnsafeBytes { bytes in
            // An empty buffer has no address, but an empty value is not NULL: it needs some pointer.
            let base = bytes.baseAddress ?? UnsafeRawPointer(Self.somewhere)
            let values = slots.map { slot in
                slot.length < 0 ? nil : (base + slot.start).assumingMemoryBound(to: CChar.self)
            }
            let lengths = slots.map { Int32(clamping: max($0.length, 0)) }
            let formats = [Int32](repeating: 1, count: slots.count)
            return body(slots.map(\.type.identifier), values, lengths, formats)
        }
    }

    /// One byte that is never read. Allocated once and never written after, so it may be shared.
    nonisolated(unsafe) private static let somewhere = UnsafePointer(UnsafeMutablePointer<UInt8>.allocate(capacity: 1))
}
