import NIOConcurrencyHelpers
import NIOCore
import NIOPosix

/// Stands between a service and real relay software, passes every byte on, and counts what the relay sends.
public final class RecordingProxy: Sendable {
    /// What went through.
    public struct Counts: Sendable, Equatable {
        /// Connections taken.
        public var connections = 0
        /// Connections that are open, and the most of them at one time.
        public var open = 0
        /// See `open`.
        public var mostOpen = 0
        /// EVENT messages from the relay.
        public var events = 0
        /// EOSE messages from the relay.
        public var ends = 0
        /// Bytes to the relay and from it, the upgrade and the frames' headers included.
        public var bytesUp = 0
        /// See `bytesUp`.
        public var bytesDown = 0
    }

    /// ws://127.0.0.1:PORT.
    public let url: String
    private let server: any Channel
    private let state: NIOLockedValueBox<Counts>

    private init(url: String, server: any Channel, state: NIOLockedValueBox<Counts>) {
        self.url = url
        self.server = server
        self.state = state
    }

    /// Listens on a free port and connects each client to the relay at `port` of 127.0.0.1.
    /// - Parameter refused: commands that the relay seems not to know: "NEG-OPEN", "COUNT".
    public static func start(to port: Int, refusing refused: [String] = []) async throws -> RecordingProxy {
        let state = NIOLockedValueBox(Counts())
        let server = try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
            .childChannelInitializer { client in
                ClientBootstrap(group: client.eventLoop)
                    .channelInitializer { relay in
                        relay.eventLoop.makeCompletedFuture {
                            try relay.pipeline.syncOperations.addHandler(
                                Passage(to: client, from: .relay, counting: state))
                        }
                    }
                    .connect(host: "127.0.0.1", port: port)
                    .flatMapThrowing { relay in
                        if !refused.isEmpty {
                            try client.pipeline.syncOperations.addHandler(CommandRefusal(refused))
                        }
                        try client.pipeline.syncOperations.addHandler(
                            Passage(to: relay, from: .client, counting: state))
                    }
            }
            .bind(host: "127.0.0.1", port: 0).get()
        return RecordingProxy(
            url: "ws://127.0.0.1:\(server.localAddress?.port ?? 0)", server: server, state: state)
    }

    /// What went through so far.
    public var counts: Counts { state.withLockedValue { $0 } }

    /// Takes no more connections; those that are open end with their peers.
    public func stop() async { try? await server.close() }
}

/// One direction of one connection.
private final class Passage: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer

    enum Side { case client, relay }

    private let peer: any Channel
    private let side: Side
    private let state: NIOLockedValueBox<RecordingProxy.Counts>
    private var meter = FrameMeter()

    init(to peer: any Channel, from side: Side, counting state: NIOLockedValueBox<RecordingProxy.Counts>) {
        self.peer = peer
        self.side = side
        self.state = state
    }

    func channelActive(context: ChannelHandlerContext) {
        guard side == .relay else { return context.fireChannelActive() }
        state.withLockedValue { counts in
            counts.connections += 1
            counts.open += 1
            counts.mostOpen = max(counts.mostOpen, counts.open)
        }
        context.fireChannelActive()
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        let buffer = unwrapInboundIn(data)
        switch side {
        case .client: state.withLockedValue { $0.bytesUp += buffer.readableBytes }
        case .relay:
            let (events, ends) = meter.count(buffer.readableBytesView)
            state.withLockedValue { counts in
                counts.events += events
                counts.ends += ends
                counts.bytesDown += buffer.readableBytes
            }
        }
        peer.writeAndFlush(buffer, promise: nil)
    }

    func channelInactive(context: ChannelHandlerContext) {
        if side == .relay { state.withLockedValue { $0.open -= 1 } }
        peer.close(promise: nil)
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) { context.close(promise: nil) }
}

/// Reads the frames of a WebSocket server (RFC 6455, section 5.2: never masked) as far as their first bytes.
private struct FrameMeter {
    private enum Place {
        /// In the answer to the upgrade, after so many bytes of the empty line.
        case answer(matched: Int)
        case header([UInt8])
        case payload(left: UInt64)
    }

    private static let emptyLine = Array("\r\n\r\n".utf8)
    private var place = Place.answer(matched: 0)
    private var head: [UInt8] = []
    private var isText = false

    /// Takes bytes in and gives how many EVENT and EOSE messages ended in them.
    mutating func count(_ bytes: some Sequence<UInt8>) -> (events: Int, ends: Int) {
        var (events, ends) = (0, 0)
        for byte in bytes {
            guard take(byte), isText else { continue }
            if head.starts(with: Array(#"["EVENT""#.utf8)) { events += 1 }
            if head.starts(with: Array(#"["EOSE""#.utf8)) { ends += 1 }
        }
        return (events, ends)
    }

    /// True when the byte ends a frame.
    private mutating func take(_ byte: UInt8) -> Bool {
        switch place {
        case .answer(let matched):
            let next = byte == Self.emptyLine[matched] ? matched + 1 : (byte == Self.emptyLine[0] ? 1 : 0)
            place = next == Self.emptyLine.count ? .header([]) : .answer(matched: next)
            return false
        case .header(let before): return takeHeader(before + [byte])
        case .payload(let left):
            if head.count < 16 { head.append(byte) }
            place = left == 1 ? .header([]) : .payload(left: left - 1)
            return left == 1
        }
    }

    private mutating func takeHeader(_ bytes: [UInt8]) -> Bool {
        place = .header(bytes)
        guard bytes.count >= 2 else { return false }
        let short = bytes[1] & 0x7f
        let needed = short == 127 ? 10 : short == 126 ? 4 : 2
        guard bytes.count == needed else { return false }
        let length = short < 126 ? UInt64(short) : bytes[2...].reduce(0) { $0 << 8 | UInt64($1) }
        isText = bytes[0] & 0x0f == 1
        head = []
        place = length == 0 ? .header([]) : .payload(left: length)
        return length == 0
    }
}
