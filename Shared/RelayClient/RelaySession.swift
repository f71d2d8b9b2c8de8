import NIOCore
import Net

/// Carries a session's core to its event loop: called there by the socket, from anywhere else by a hop.
final class RelaySession: WebSocketDelegate {
    let loop: any EventLoop
    private let core: NIOLoopBoundBox<SessionCore>

    init(loop: any EventLoop, core: sending SessionCore) {
        self.loop = loop
        self.core = NIOLoopBoundBox.makeBoxSendingValue(core, eventLoop: loop)
    }

    func opened(_ connection: WebSocketConnection) { core.value.connection = connection }

    func received(text: UnsafeBufferPointer<UInt8>) { core.value.received(text) }

    func readCompleted() { core.value.readCompleted() }

    func closed(_ end: WebSocketEnd) { core.value.closed(end) }

    /// Does something on the loop and does not wait for it.
    func execute(_ body: @escaping @Sendable (SessionCore) -> Void) {
        loop.execute { [core] in body(core.value) }
    }

    /// Does something on the loop and gives its result; nil when the loop is shut down.
    func submit<R: Sendable>(_ body: @escaping @Sendable (SessionCore) -> R) async -> R? {
        try? await loop.submit { [core] in body(core.value) }.get()
    }
}
