/// Takes WebSocket messages out of the bytes of a server as they arrive.
///
/// A frame that lies whole in the given bytes is viewed in place, without a copy: with relay messages of about 1 kB
/// that is all but one frame of each read.
struct FrameReader: ~Copyable {
    /// A message. Views are valid until the next call of `next` and while the given bytes are.
    enum Message {
        case text(UnsafeRawBufferPointer)
        case ping(UnsafeRawBufferPointer)
        case pong
        /// The status is nil when the frame gave none.
        case close(code: UInt16?, reason: UnsafeRawBufferPointer)
    }

    private struct Frame {
        let opcode: FrameHeader.Opcode
        let isFinal: Bool
        let payload: UnsafeRawBufferPointer
    }

    private let limitBytes: Int
    private let limitFragments: Int
    /// What the message being read may still bring: the limit less the fragments that are here.
    private var room: Int
    /// The beginning of a frame whose rest has not arrived.
    private var partial = ByteStore()
    private var isPartialDelivered = false
    /// The fragments of a text message whose last one has not arrived.
    private var fragments = ByteStore()
    private var fragmentCount = 0
    private var areFragmentsDelivered = false

    /// Memory held for a message of which a part has not arrived, in bytes.
    var heldBytes: Int {
        (isPartialDelivered ? 0 : partial.capacity) + (areFragmentsDelivered ? 0 : fragments.capacity)
    }

    /// Limits of one message: all its fragments together, and how many they may be.
    init(limitBytes: Int, limitFragments: Int) {
        self.limitBytes = limitBytes
        self.limitFragments = limitFragments
        room = limitBytes
    }

    /// The next message from `input`, reading from `cursor` on and moving it; nil when the input is used up.
    /// What remains of a frame is kept for the next input.
    mutating func next(_ input: UnsafeRawBufferPointer, _ cursor: inout Int) throws(FrameError) -> Message? {
        if areFragmentsDelivered {
            fragments.removeAll()
            fragmentCount = 0
            room = limitBytes
            areFragmentsDelivered = false
        }
        while let frame = try nextFrame(input, &cursor) {
            if frame.opcode == .text, frame.isFinal, fragmentCount == 0 { return .text(frame.payload) }
            if let message = try message(frame) { return message }
        }
        return nil
    }

    @inline(__always)
    private mutating func nextFrame(
        _ input: UnsafeRawBufferPointer, _ cursor: inout Int
    ) throws(FrameError) -> Frame? {
        if isPartialDelivered {
            partial.removeAll()
            isPartialDelivered = false
        }
        guard partial.count == 0 else { return try completePartial(input, &cursor) }
        let rest = UnsafeRawBufferPointer(rebasing: input[cursor...])
        guard let header = try FrameHeader.parse(rest, limitBytes: room),
            rest.count - header.size >= header.length
        else {
            partial.append(rest)
            cursor = input.count
            return nil
        }
        cursor += header.size + header.length
        let payload = UnsafeRawBufferPointer(rebasing: rest[header.size..<header.size + header.length])
        return Frame(opcode: header.opcode, isFinal: header.isFinal, payload: payload)
    }

    /// Takes just the bytes that the begun frame still needs, so that those after it are viewed in place again.
    private mutating func completePartial(
        _ input: UnsafeRawBufferPointer, _ cursor: inout Int
    ) throws(FrameError) -> Frame? {
        while true {
            let header = try FrameHeader.parse(partial.bytes, limitBytes: room)
            let wanted = header.map { $0.size + $0.length } ?? partial.count + 1
            let take = min(wanted - partial.count, input.count - cursor)
            partial.append(UnsafeRawBufferPointer(rebasing: input[cursor..<cursor + take]))
            cursor += take
            if let header, partial.count == wanted {
                isPartialDelivered = true
                let payload = UnsafeRawBufferPointer(rebasing: partial.bytes[header.size...])
                return Frame(opcode: header.opcode, isFinal: header.isFinal, payload: payload)
            }
            // A header that has just become whole may be that of an empty frame: only nothing to take ends it.
            guard take > 0 else { return nil }
        }
    }

    /// Control frames and fragments; nil while a message goes on.
    private mutating func message(_ frame: Frame) throws(FrameError) -> Message? {
        switch frame.opcode {
        case .ping: return .ping(frame.payload)
        case .pong: return .pong
        case .close: return try close(frame.payload)
        case .binary: throw .unsupported
        case .text:
            guard fragmentCount == 0 else { throw .violation("new message inside a fragmented one") }
        case .continuation:
            guard fragmentCount > 0 else { throw .violation("continuation of nothing") }
        }
        fragmentCount += 1
        guard fragmentCount <= limitFragments else { throw .tooLarge }
        fragments.append(frame.payload)
        room -= frame.payload.count
        guard frame.isFinal else { return nil }
        areFragmentsDelivered = true
        return .text(fragments.bytes)
    }

    private func close(_ payload: UnsafeRawBufferPointer) throws(FrameError) -> Message {
        guard payload.count > 0 else { return .close(code: nil, reason: payload) }
        guard payload.count >= 2 else { throw .violation("close frame of one byte") }
        let code = UInt16(payload[0]) << 8 | UInt16(payload[1])
        guard Self.isSendable(code) else { throw .violation("close code") }
        let reason = UnsafeRawBufferPointer(rebasing: payload[2...])
        guard String(validating: reason, as: UTF8.self) != nil else { throw .badText }
        return .close(code: code, reason: reason)
    }

    /// Codes that may stand in a frame (RFC 6455, 7.4, and IANA's registry up to 1014).
    private static func isSendable(_ code: UInt16) -> Bool {
        switch code {
        case 1000...1003, 1007...1014, 3000...4999: true
        default: false
        }
    }
}
