import NIOCore

/// Builds the frames of a client: final, masked (RFC 6455, 5.3).
enum FrameWriter {
    /// Appends one frame.
    static func write(
        _ opcode: FrameHeader.Opcode, _ payload: UnsafeRawBufferPointer, mask: UInt32, into buffer: inout ByteBuffer
    ) {
        buffer.writeInteger(0x80 | opcode.rawValue)
        switch payload.count {
        case ...125:
            buffer.writeInteger(0x80 | UInt8(payload.count))
        case ...0xFFFF:
            buffer.writeInteger(0x80 | 126 as UInt8)
            buffer.writeInteger(UInt16(payload.count))
        default:
            buffer.writeInteger(0x80 | 127 as UInt8)
            buffer.writeInteger(UInt64(payload.count))
        }
        buffer.writeInteger(mask)
        let key = withUnsafeBytes(of: mask.bigEndian) { ($0[0], $0[1], $0[2], $0[3]) }
        buffer.writeWithUnsafeMutableBytes(minimumWritableBytes: payload.count) { target in
            for index in 0..<payload.count {
                let byte =
                    switch index & 3 {
                    case 0: key.0
                    case 1: key.1
                    case 2: key.2
                    default: key.3
                    }
                target[index] = payload[index] ^ byte
            }
            return payload.count
        }
    }

    /// A frame of its own with a fresh random mask.
    static func frame(_ opcode: FrameHeader.Opcode, _ payload: UnsafeRawBufferPointer) -> ByteBuffer {
        var generator = SystemRandomNumberGenerator()
        var buffer = ByteBufferAllocator().buffer(capacity: payload.count + 14)
        write(opcode, payload, mask: generator.next(), into: &buffer)
        return buffer
    }

    /// A closing frame; the reason is cut at 123 bytes.
    static func close(_ code: UInt16, _ reason: String = "") -> ByteBuffer {
        let payload = [UInt8(code >> 8), UInt8(code & 0xFF)] + reason.utf8.prefix(123)
        return payload.withUnsafeBytes { frame(.close, $0) }
    }
}
