/// Takes what a WebSocket connection brings. Every call comes on the connection's event loop, so none may block.
public protocol WebSocketDelegate: AnyObject, Sendable {
    /// The upgrade was accepted. Comes first and once, before `connect` returns.
    func opened(_ connection: WebSocketConnection)

    /// A text message, whole. The bytes are valid during the call only; whether they are UTF-8 is not checked.
    func received(text: UnsafeBufferPointer<UInt8>)

    /// All messages of one read were delivered: the moment to hand on what was collected.
    func readCompleted()

    /// The connection is over. Comes once, last, and only after `opened`.
    func closed(_ end: WebSocketEnd)
}

/// How an open connection ended.
public enum WebSocketEnd: Sendable, Equatable {
    /// The peer sent a closing frame; no code when it gave none, the reason at most 123 bytes.
    case closedByPeer(code: UInt16?, reason: String)
    /// We closed it.
    case closedByUs
    /// It broke.
    case failed(NetError)
}
