/// The first two to ten bytes of a frame from a server (RFC 6455, 5.2).
struct FrameHeader: Equatable {
    /// What a frame carries. Reserved values have no case.
    enum Opcode: UInt8 {
        case continuation = 0
        case text = 1
        case binary = 2
        case close = 8
        case ping = 9
        case pong = 10

        var isControl: Bool { rawValue >= 8 }
    }

    let opcode: Opcode
    let isFinal: Bool
    /// Bytes of the header itself.
    let size: Int
    /// Bytes of the payload, at most the limit given to `parse`.
    let length: Int

    /// nil while the header is not whole. Throws for reserved bits and opcodes, masked frames, lengths not written in
    /// the shortest form, control frames that are long or not final, and lengths over the limit.
    @inline(__always)
    static func parse(_ bytes: UnsafeRawBufferPointer, limitBytes: Int) throws(FrameError) -> FrameHeader? {
        guard bytes.count >= 2 else { return nil }
        let first = bytes[0]
        let second = bytes[1]
        guard first & 0x70 == 0 else { throw .violation("reserved bits") }
        guard let opcode = Opcode(rawValue: first & 0x0F) else { throw .violation("reserved opcode") }
        guard second & 0x80 == 0 else { throw .violation("masked frame") }
        let isFinal = first & 0x80 != 0
        if opcode.isControl, !isFinal || second > 125 { throw .violation("control frame") }
        switch second {
        case 126:
            guard bytes.count >= 4 else { return nil }
            let length = Int(bytes[2]) << 8 | Int(bytes[3])
            guard length > 125 else { throw .violation("length form") }
            guard length <= limitBytes else { throw .tooLarge }
            return FrameHeader(opcode: opcode, isFinal: isFinal, size: 4, length: length)
        case 127:
            guard bytes.count >= 10 else { return nil }
            let length = UInt64(bigEndian: bytes.loadUnaligned(fromByteOffset: 2, as: UInt64.self))
            guard length > 0xFFFF, length < 1 << 63 else { throw .violation("length form") }
            guard length <= UInt64(limitBytes) else { throw .tooLarge }
            return FrameHeader(opcode: opcode, isFinal: isFinal, size: 10, length: Int(length))
        default:
            guard opcode.isControl || Int(second) <= limitBytes else { throw .tooLarge }
            return FrameHeader(opcode: opcode, isFinal: isFinal, size: 2, length: Int(second))
        }
    }
}

/// Why a connection is ended from our side while frames are read.
enum FrameError: Error, Equatable {
    /// RFC 6455 was broken; what, in words.
    case violation(StaticText)
    /// A message over the limit was announced.
    case tooLarge
    /// Binary data, which no relay message is.
    case unsupported
    /// The reason of a closing frame is not UTF-8.
    case badText

    /// The status of the closing frame (RFC 6455, 7.4.1).
    var closeCode: UInt16 {
        switch self {
        case .violation: 1002
        case .unsupported: 1003
        case .badText: 1007
        case .tooLarge: 1009
        }
    }

    /// As the outside sees it.
    var netError: NetError {
        switch self {
        case .violation(let what): NetError(.protocolViolation, .open, what.text)
        case .unsupported: NetError(.protocolViolation, .open, "binary message")
        case .badText: NetError(.protocolViolation, .open, "close reason is not UTF-8")
        case .tooLarge: NetError(.messageTooLarge, .open)
        }
    }
}

/// A text of ours that costs nothing to pass along.
struct StaticText: Equatable, ExpressibleByStringLiteral {
    let text: String
    init(stringLiteral value: String) { text = value }
}
