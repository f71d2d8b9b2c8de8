import Synchronization

/// Where a caller's transfer and the caller's cancellation meet, whichever comes first.
final class PendingTransfer: Sendable {
    private enum State { case none, there(CurlTransfer), cancelled }

    private let state = Mutex(State.none)

    /// False when the caller was cancelled before.
    func put(_ transfer: CurlTransfer) -> Bool {
        state.withLock { state in
            if case .cancelled = state { return false }
            state = .there(transfer)
            return true
        }
    }

    /// The transfer to cancel, if there is one.
    func cancel() -> CurlTransfer? {
        state.withLock { state in
            defer { state = .cancelled }
            if case .there(let transfer) = state { return transfer }
            return nil
        }
    }
}
