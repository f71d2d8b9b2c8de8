import NIOConcurrencyHelpers
import NIOCore
import NIOPosix

/// A name server on loopback that answers as it is told, right or wrong: over UDP, and over TCP at the same port. What
/// is longer than 1,200 bytes is cut over UDP, as real ones do.
public final class FakeNameServer: Sendable {
    /// What was asked.
    public struct Question: Sendable, Hashable {
        /// In lower case, without a dot at its end.
        public var name: String
        /// A is 1, NS 2, PTR 12, AAAA 28.
        public var type: UInt16
    }

    /// What it does about a question.
    public enum Reply: Sendable {
        /// These records; none is an answer without data.
        case records([Record])
        /// This RCODE (RFC 1035, 4.1.1), without records.
        case error(UInt8)
        /// These bytes behind the id of the question.
        case raw([UInt8])
        /// Nothing.
        case silent
    }

    /// A record of an answer.
    public struct Record: Sendable {
        var owner: String
        var type: UInt16
        var ttl: UInt32
        var data: [UInt8]

        /// Any type.
        public init(_ owner: String, type: UInt16, ttl: UInt32, data: [UInt8]) {
            (self.owner, self.type, self.ttl, self.data) = (owner, type, ttl, data)
        }

        /// An address; AAAA where there are 16 bytes.
        public static func address(_ owner: String, _ bytes: [UInt8], ttl: UInt32 = 60) -> Record {
            Record(owner, type: bytes.count == 16 ? 28 : 1, ttl: ttl, data: bytes)
        }

        /// A record that holds a name: CNAME (5), NS (2) or PTR (12).
        public static func name(_ owner: String, type: UInt16, _ target: String, ttl: UInt32 = 60) -> Record {
            Record(owner, type: type, ttl: ttl, data: FakeNameServer.encoded(target))
        }
    }

    /// "127.0.0.1:port", as settings name it.
    public let address: String
    private let channels: [any Channel]
    private let asked: NIOLockedValueBox<[Question]>

    private init(_ channels: [any Channel], port: Int, _ asked: NIOLockedValueBox<[Question]>) {
        self.channels = channels
        self.asked = asked
        address = "127.0.0.1:\(port)"
    }

    /// Listens on a free port; `answer` decides for every question.
    public static func start(_ answer: @escaping @Sendable (Question) -> Reply) async throws -> FakeNameServer {
        let asked = NIOLockedValueBox<[Question]>([])
        let reply: @Sendable ([UInt8], Bool) -> [UInt8]? = { message, isUDP in
            guard let question = question(message) else { return nil }
            asked.withLockedValue { $0.append(question) }
            return encode(answer(question), to: message, isUDP: isUDP)
        }
        let tcp = try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .serverChannelOption(.backlog, value: 1_024)
            .childChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.addHandler(StreamHandler(reply))
                }
            }
            .bind(host: "127.0.0.1", port: 0).get()
        let port = tcp.localAddress?.port ?? 0
        let udp = try await DatagramBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .channelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.addHandler(DatagramHandler(reply))
                }
            }
            .bind(host: "127.0.0.1", port: port).get()
        return FakeNameServer([tcp, udp], port: port, asked)
    }

    /// Questions so far, repetitions included.
    public var questions: [Question] { asked.withLockedValue { $0 } }

    /// Takes no more questions.
    public func stop() async {
        for channel in channels { try? await channel.close() }
    }

    /// The labels of a name, each behind its length (RFC 1035, 3.1).
    public static func encoded(_ name: String) -> [UInt8] {
        name.split(separator: ".").flatMap { [UInt8(truncatingIfNeeded: $0.utf8.count)] + Array($0.utf8) } + [0]
    }

    private static func question(_ message: [UInt8]) -> Question? {
        var labels: [String] = []
        var rest = message.dropFirst(12)
        while let count = rest.popFirst(), count > 0 {
            guard rest.count >= Int(count) else { return nil }
            labels.append(String(decoding: rest.prefix(Int(count)), as: UTF8.self).lowercased())
            rest = rest.dropFirst(Int(count))
        }
        let type = Array(rest.prefix(2))
        guard type.count == 2 else { return nil }
        return Question(name: labels.joined(separator: "."), type: UInt16(type[0]) << 8 | UInt16(type[1]))
    }

    /// A whole message, to a question that was understood.
    private static func encode(_ reply: Reply, to message: [UInt8], isUDP: Bool) -> [UInt8]? {
        let asked = Array(message.dropFirst(12))
        let end = (asked.firstIndex(of: 0) ?? 0) + 5
        let question = Array(asked.prefix(end))
        let whole = { (flags: [UInt8], records: [Record]) in
            message.prefix(2) + flags + [0, 1] + bytes(UInt16(records.count)) + [0, 0, 0, 0] + question
                + records.flatMap(encoded)
        }
        switch reply {
        case .silent: return nil
        case .raw(let raw): return message.prefix(2) + raw
        case .error(let code): return Array(whole([0x81, 0x80 | code], []))
        case .records(let records):
            let answer = Array(whole([0x81, 0x80], records))
            return isUDP && answer.count > 1_200 ? Array(whole([0x83, 0x80], [])) : answer
        }
    }

    private static func encoded(_ record: Record) -> [UInt8] {
        encoded(record.owner) + bytes(record.type) + [0, 1] + bytes(UInt16(record.ttl >> 16))
            + bytes(UInt16(record.ttl & 0xFFFF)) + bytes(UInt16(record.data.count)) + record.data
    }

    private static func bytes(_ number: UInt16) -> [UInt8] { [UInt8(number >> 8), UInt8(number & 0xFF)] }
}

private final class DatagramHandler: ChannelInboundHandler {
    typealias InboundIn = AddressedEnvelope<ByteBuffer>
    typealias OutboundOut = AddressedEnvelope<ByteBuffer>

    private let reply: ([UInt8], Bool) -> [UInt8]?

    init(_ reply: @escaping ([UInt8], Bool) -> [UInt8]?) { self.reply = reply }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        let envelope = unwrapInboundIn(data)
        guard let answer = reply(Array(envelope.data.readableBytesView), true) else { return }
        let back = AddressedEnvelope(remoteAddress: envelope.remoteAddress, data: ByteBuffer(bytes: answer))
        context.writeAndFlush(wrapOutboundOut(back), promise: nil)
    }
}

/// Messages behind their lengths (RFC 1035, 4.2.2).
private final class StreamHandler: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    private let reply: ([UInt8], Bool) -> [UInt8]?
    private var received = ByteBuffer()

    init(_ reply: @escaping ([UInt8], Bool) -> [UInt8]?) { self.reply = reply }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        var bytes = unwrapInboundIn(data)
        received.writeBuffer(&bytes)
        while let count = received.getInteger(at: received.readerIndex, as: UInt16.self),
            received.readableBytes >= Int(count) + 2
        {
            received.moveReaderIndex(forwardBy: 2)
            let message = received.readBytes(length: Int(count)) ?? []
            guard let answer = reply(message, false) else { continue }
            var out = ByteBuffer()
            out.writeInteger(UInt16(answer.count))
            out.writeBytes(answer)
            context.writeAndFlush(wrapOutboundOut(out), promise: nil)
        }
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) { context.close(promise: nil) }
}
