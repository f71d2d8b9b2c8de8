internal import NIOCore
internal import NIOHTTP1
import Synchronization

/// Reads one request head, answers it and closes.
final class HealthHandler: ChannelInboundHandler {
    typealias InboundIn = HTTPServerRequestPart
    typealias OutboundOut = HTTPServerResponsePart

    private let respond: @Sendable (String) async -> HealthResponse
    private var hasAnswered = false

    init(respond: @escaping @Sendable (String) async -> HealthResponse) { self.respond = respond }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        // A body is not read, further requests neither: the connection closes after the answer.
        guard case .head(let head) = unwrapInboundIn(data), !hasAnswered else { return }
        hasAnswered = true
        guard head.method == .GET || head.method == .HEAD else {
            let refusal = HealthResponse(status: 405, body: "only GET and HEAD\n", allow: "GET, HEAD")
            return write(refusal, isHead: false, to: context.channel)
        }
        let path = String(head.uri.prefix { $0 != "?" })
        let isHead = head.method == .HEAD
        let channel = context.channel
        let respond = respond
        let answer = channel.eventLoop.makeFutureWithTask { await respond(path) }
        let bound = NIOLoopBound(self, eventLoop: channel.eventLoop)
        answer.whenSuccess { response in bound.value.write(response, isHead: isHead, to: channel) }
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) { context.close(promise: nil) }

    private func write(_ response: HealthResponse, isHead: Bool, to channel: any Channel) {
        let body = ByteBuffer(string: response.body)
        var headers = HTTPHeaders([
            ("content-type", response.contentType), ("content-length", "\(body.readableBytes)"),
            ("connection", "close"), ("cache-control", "no-store"),
        ])
        if let allow = response.allow { headers.add(name: "allow", value: allow) }
        let status = HTTPResponseStatus(statusCode: response.status)
        channel.write(
            HTTPServerResponsePart.head(.init(version: .http1_1, status: status, headers: headers)), promise: nil)
        if !isHead { channel.write(HTTPServerResponsePart.body(.byteBuffer(body)), promise: nil) }
        channel.writeAndFlush(HTTPServerResponsePart.end(nil)).whenComplete { _ in channel.close(promise: nil) }
    }
}

/// Counts open connections up to a limit.
final class ConnectionCount: Sendable {
    private let limit: Int
    private let open = Mutex(0)

    init(limit: Int) { self.limit = limit }

    /// False when there are too many; then `leave` must not be called.
    func enter() -> Bool {
        open.withLock { open in
            guard open < limit else { return false }
            open += 1
            return true
        }
    }

    func leave() { open.withLock { $0 -= 1 } }
}
