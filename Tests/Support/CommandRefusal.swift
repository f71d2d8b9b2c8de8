import NIOCore

/// What stands between a client and a relay so that the relay seems not to know a command, as NEG-OPEN (NIP-77) or
/// COUNT (NIP-45): it does not get through, and is answered with the NOTICE of relay software that has it switched off.
final class CommandRefusal: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer
    typealias InboundOut = ByteBuffer
    typealias OutboundOut = ByteBuffer

    private static let emptyLine = Array("\r\n\r\n".utf8)
    private let commands: [String]
    private var waiting = ByteBuffer()
    private var isUpgraded = false

    init(_ commands: [String]) { self.commands = commands }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        var buffer = unwrapInboundIn(data)
        waiting.writeBuffer(&buffer)
        while let (frame, refused) = next() {
            if let refused {
                context.writeAndFlush(wrapOutboundOut(Self.textFrame(Self.notice(refused))), promise: nil)
            } else {
                context.fireChannelRead(wrapInboundOut(frame))
            }
        }
    }

    /// The upgrade first, then frame by frame (RFC 6455, section 5.2: masked, because a client sends them); nil until a
    /// whole one is there.
    private func next() -> (frame: ByteBuffer, refused: String?)? {
        let view = waiting.readableBytesView
        guard isUpgraded else {
            let end = view.indices.first { view[$0...].starts(with: Self.emptyLine) }
            guard let end, let request = waiting.readSlice(length: end - view.startIndex + 4) else { return nil }
            isUpgraded = true
            return (request, nil)
        }
        let bytes = Array(view.prefix(14))
        guard bytes.count >= 2 else { return nil }
        let short = Int(bytes[1] & 0x7f)
        let extra = short == 126 ? 2 : short == 127 ? 8 : 0
        guard bytes.count >= 2 + extra + 4 else { return nil }
        let length = extra == 0 ? short : bytes[2..<(2 + extra)].reduce(0) { $0 << 8 | Int($1) }
        let mask = Array(bytes[(2 + extra)..<(6 + extra)])
        guard let frame = waiting.readSlice(length: 6 + extra + length) else { return nil }
        let head = frame.readableBytesView.dropFirst(6 + extra).prefix(11).enumerated().map { $1 ^ mask[$0 % 4] }
        return (frame, commands.first { head.starts(with: "[\"\($0)\"".utf8) })
    }

    private static func notice(_ command: String) -> String {
        command == "COUNT"
            ? #"["NOTICE","ERROR: bad msg: unknown cmd"]"# : #"["NOTICE","ERROR: bad msg: negentropy disabled"]"#
    }

    private static func textFrame(_ text: String) -> ByteBuffer {
        ByteBuffer(bytes: [0x81, UInt8(text.utf8.count)] + Array(text.utf8))
    }
}
