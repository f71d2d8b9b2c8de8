import Glibc
import NIOConcurrencyHelpers
import NIOCore
import NIOPosix
import NIOSSL

/// An HTTP/1.1 server on loopback that answers with given bytes, right or wrong ones, at any pace.
public final class FakeHTTPServer: Sendable {
    /// What was asked.
    public struct Request: Sendable {
        /// Path and query.
        public var path = ""
        /// Header fields, names in lower case.
        public var headers: [String: String] = [:]
    }

    /// What it does about a request.
    public enum Reply: Sendable {
        /// Sends these bytes and hangs up.
        case bytes([UInt8])
        /// Sends these bytes and nothing more, and hangs up never.
        case stall([UInt8])
        /// Sends these bytes one by one, and the last one again and again.
        case drip([UInt8], every: Duration)
        /// Sends these bytes, then the block as often as it is taken.
        case endless([UInt8], block: [UInt8])
        /// Sends these bytes, then resets the connection.
        case reset([UInt8])
    }

    /// Where it listens, 127.0.0.1.
    public let port: Int
    private let channel: any Channel
    private let state: NIOLockedValueBox<State>
    private let scheme: String

    struct State {
        var requests: [Request] = []
        var open = 0
    }

    private init(_ channel: any Channel, _ state: NIOLockedValueBox<State>, scheme: String) {
        self.channel = channel
        self.state = state
        self.scheme = scheme
        port = channel.localAddress?.port ?? 0
    }

    /// Listens on a free port; `answer` decides for every request.
    public static func start(
        tls: TestCertificates? = nil, answer: @escaping @Sendable (Request) -> Reply
    ) async throws -> FakeHTTPServer {
        let state = NIOLockedValueBox(State())
        let context = try tls.map { try $0.serverContext() }
        let channel = try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .serverChannelOption(.backlog, value: 1_024)
            .childChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    let pipeline = channel.pipeline.syncOperations
                    if let context { try pipeline.addHandler(NIOSSLServerHandler(context: context)) }
                    try pipeline.addHandler(ReplyHandler(state, answer))
                }
            }
            .bind(host: "127.0.0.1", port: 0).get()
        return FakeHTTPServer(channel, state, scheme: tls == nil ? "http" : "https")
    }

    /// Its URL with a path.
    public func url(_ path: String = "/", host: String = "127.0.0.1") -> String { "\(scheme)://\(host):\(port)\(path)" }

    /// Requests so far.
    public var requests: [Request] { state.withLockedValue { $0.requests } }

    /// Connections that are open.
    public var openCount: Int { state.withLockedValue { $0.open } }

    /// Takes no more connections.
    public func stop() async { try? await channel.close() }
}

extension FakeHTTPServer.Reply {
    /// A head with this status and these fields, without a body's length.
    public static func head(_ status: Int = 200, _ fields: [String] = []) -> [UInt8] {
        Array((["HTTP/1.1 \(status) Word"] + fields + ["Connection: close", "", ""]).joined(separator: "\r\n").utf8)
    }

    /// A whole answer.
    public static func answer(_ status: Int = 200, _ fields: [String] = [], body: [UInt8] = []) -> Self {
        .bytes(head(status, fields + ["Content-Length: \(body.count)"]) + body)
    }

    /// A whole answer with a text.
    public static func text(_ body: String, _ fields: [String] = []) -> Self {
        answer(200, fields, body: Array(body.utf8))
    }

    /// A redirect.
    public static func redirect(_ location: String, status: Int = 302) -> Self {
        answer(status, ["Location: \(location)"])
    }
}

private final class ReplyHandler: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    private let state: NIOLockedValueBox<FakeHTTPServer.State>
    private let answer: @Sendable (FakeHTTPServer.Request) -> FakeHTTPServer.Reply
    private var received: [UInt8] = []
    private var isAnswered = false

    init(
        _ state: NIOLockedValueBox<FakeHTTPServer.State>,
        _ answer: @escaping @Sendable (FakeHTTPServer.Request) -> FakeHTTPServer.Reply
    ) {
        self.state = state
        self.answer = answer
    }

    func channelActive(context: ChannelHandlerContext) {
        state.withLockedValue { $0.open += 1 }
        context.fireChannelActive()
    }

    func channelInactive(context: ChannelHandlerContext) {
        state.withLockedValue { $0.open -= 1 }
        context.fireChannelInactive()
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        received += unwrapInboundIn(data).readableBytesView
        guard !isAnswered, received.suffix(4) == [13, 10, 13, 10] else { return }
        isAnswered = true
        let request = Self.request(String(decoding: received, as: UTF8.self))
        state.withLockedValue { $0.requests.append(request) }
        carryOut(answer(request), context)
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) { context.close(promise: nil) }

    private static func request(_ head: String) -> FakeHTTPServer.Request {
        let lines = head.split(separator: "\r\n")
        var request = FakeHTTPServer.Request()
        request.path = lines.first?.split(separator: " ").dropFirst().first.map { String($0) } ?? ""
        for line in lines.dropFirst() {
            let sides = line.split(separator: ": ", maxSplits: 1)
            if sides.count == 2 { request.headers[sides[0].lowercased()] = String(sides[1]) }
        }
        return request
    }

    private func carryOut(_ reply: FakeHTTPServer.Reply, _ context: ChannelHandlerContext) {
        let channel = context.channel
        switch reply {
        case .bytes(let bytes): Self.send(bytes, channel).whenComplete { _ in channel.close(promise: nil) }
        case .stall(let bytes): Self.send(bytes, channel).whenFailure { _ in }
        case .drip(let bytes, let pause): Self.drip(bytes[...], TimeAmount(pause), channel)
        case .endless(let head, let block):
            Self.send(head, channel).whenSuccess { Self.repeatBlock(block, channel) }
        case .reset(let bytes):
            // A close that does not linger is a reset.
            let provider = channel as? any SocketOptionProvider
            provider?.setSoLinger(linger(l_onoff: 1, l_linger: 0)).whenFailure { _ in }
            Self.send(bytes, channel).whenComplete { _ in channel.close(promise: nil) }
        }
    }

    private static func send(_ bytes: [UInt8], _ channel: any Channel) -> EventLoopFuture<Void> {
        channel.writeAndFlush(ByteBuffer(bytes: bytes))
    }

    private static func drip(_ bytes: ArraySlice<UInt8>, _ pause: TimeAmount, _ channel: any Channel) {
        guard channel.isActive, let first = bytes.first else { return }
        send([first], channel).whenSuccess {
            channel.eventLoop.scheduleTask(in: pause) {
                drip(bytes.count > 1 ? bytes.dropFirst() : bytes, pause, channel)
            }
        }
    }

    /// In turns of the loop: a write that is done at once would call back from within itself, deeper each time, until
    /// the stack ends.
    private static func repeatBlock(_ block: [UInt8], _ channel: any Channel) {
        guard channel.isActive else { return }
        send(block, channel).whenSuccess { channel.eventLoop.execute { repeatBlock(block, channel) } }
    }
}
