import Glibc
import NIOCore

/// Lets so many bytes of a server's answers through as the last part of the request's path says, then resets the
/// connection: "GET /cut/17" ends behind the 17th byte.
final class HandshakeCut: ChannelDuplexHandler {
    typealias InboundIn = ByteBuffer
    typealias InboundOut = ByteBuffer
    typealias OutboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    /// Bytes that may still go out; nil before the request has come.
    private var left: Int?

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        if left == nil {
            let line = String(decoding: unwrapInboundIn(data).readableBytesView.prefix { $0 != 0x0D }, as: UTF8.self)
            let path = line.split(separator: " ").dropFirst().first ?? ""
            left = path.split(separator: "/").last.flatMap { Int($0) } ?? 0
        }
        if left == 0 { return reset(context) }
        context.fireChannelRead(data)
    }

    func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
        var buffer = unwrapOutboundIn(data)
        let part = buffer.readSlice(length: min(left ?? 0, buffer.readableBytes)) ?? ByteBuffer()
        left = (left ?? 0) - part.readableBytes
        context.write(wrapOutboundOut(part), promise: promise)
        if left == 0 { reset(context) }
    }

    /// What was written is on its way; then comes RST instead of FIN.
    private func reset(_ context: ChannelHandlerContext) {
        context.flush()
        let channel = context.channel
        guard let options = channel as? any SocketOptionProvider else { return channel.close(promise: nil) }
        options.setSoLinger(linger(l_onoff: 1, l_linger: 0)).whenComplete { _ in channel.close(promise: nil) }
    }
}
