import Support
import Testing

@testable import Net

/// A message, copied out of the reader.
private enum Seen: Equatable {
    case text([UInt8])
    case ping([UInt8])
    case pong
    case close(UInt16?, [UInt8])
}

@Suite struct FrameReaderTests {
    /// What the reader makes of the parts, given one after the other, up to the first error.
    private func read(
        _ parts: [[UInt8]], limit: Int = 1 << 20, fragments: Int = 64
    ) -> (seen: [Seen], error: FrameError?) {
        var reader = FrameReader(limitBytes: limit, limitFragments: fragments)
        var seen: [Seen] = []
        do {
            for part in parts { try Self.feed(part, &reader, &seen) }
            return (seen, nil)
        } catch {
            return (seen, error)
        }
    }

    private static func feed(
        _ bytes: [UInt8], _ reader: inout FrameReader, _ seen: inout [Seen]
    ) throws(FrameError) {
        var failure: FrameError?
        bytes.withUnsafeBytes { raw in
            var cursor = 0
            do throws(FrameError) {
                while let message = try reader.next(raw, &cursor) {
                    switch message {
                    case .text(let payload): seen.append(.text([UInt8](payload)))
                    case .ping(let payload): seen.append(.ping([UInt8](payload)))
                    case .pong: seen.append(.pong)
                    case .close(let code, let reason): seen.append(.close(code, [UInt8](reason)))
                    }
                }
            } catch {
                failure = error
            }
        }
        if let failure { throw failure }
    }

    private func frame(_ opcode: UInt8, _ payload: [UInt8], fin: Bool = true) -> [UInt8] {
        let first = (fin ? 0x80 : 0) | opcode
        switch payload.count {
        case ...125: return [first, UInt8(payload.count)] + payload
        case ...0xFFFF: return [first, 126, UInt8(payload.count >> 8), UInt8(payload.count & 0xFF)] + payload
        default: return [first, 127] + (0..<8).map { UInt8(payload.count >> (56 - 8 * $0) & 0xFF) } + payload
        }
    }

    private static let pattern = (0..<70_000).map { UInt8(truncatingIfNeeded: $0 &* 31) }

    private func bytes(_ count: Int) -> [UInt8] { Array(Self.pattern[..<count]) }

    @Test(arguments: [0, 1, 125, 126, 127, 65_535, 65_536, 70_000])
    func `a text of any length form comes whole`(count: Int) {
        let (seen, error) = read([frame(1, bytes(count)) + frame(1, [7])])
        #expect(seen == [.text(bytes(count)), .text([7])])
        #expect(error == nil)
    }

    @Test func `frames may be cut anywhere`() {
        let stream =
            frame(1, bytes(200)) + frame(9, [1, 2]) + frame(1, [3], fin: false) + frame(0, bytes(130)) + frame(1, [])
        let expected: [Seen] = [.text(bytes(200)), .ping([1, 2]), .text([3] + bytes(130)), .text([])]
        for cut in 0...stream.count {
            #expect(read([Array(stream[..<cut]), Array(stream[cut...])]).seen == expected, "cut at \(cut)")
        }
        #expect(read(stream.map { [$0] }).seen == expected)
    }

    @Test(arguments: 1...8)
    func `random messages in random pieces come out as they went in`(seed: UInt64) {
        var random = SplitMix64(seed: seed)
        var stream: [UInt8] = []
        var expected: [Seen] = []
        for _ in 0..<60 {
            let payload = bytes([0, 5, 125, 126, 900, 5_000, 66_000].randomElement(using: &random) ?? 0)
            guard Bool.random(using: &random) else {
                stream += frame(1, payload)
                expected.append(.text(payload))
                continue
            }
            let cut = Int.random(in: 0...payload.count, using: &random)
            stream += frame(1, Array(payload[..<cut]), fin: false) + frame(0xA, []) + frame(0, Array(payload[cut...]))
            expected += [.pong, .text(payload)]
        }
        var parts: [[UInt8]] = []
        var start = 0
        while start < stream.count {
            let end = min(start + Int.random(in: 1...20_000, using: &random), stream.count)
            parts.append(Array(stream[start..<end]))
            start = end
        }
        let (seen, error) = read(parts)
        #expect(error == nil)
        #expect(seen == expected, "seed \(seed)")
    }

    @Test(arguments: [0x40, 0x20, 0x10, 0x70] as [UInt8])
    func `reserved bits are a violation`(bits: UInt8) {
        #expect(read([[0x81 | bits, 0]]).error == .violation("reserved bits"))
    }

    @Test(arguments: [3, 4, 5, 6, 7, 11, 12, 13, 14, 15] as [UInt8])
    func `reserved opcodes are a violation`(opcode: UInt8) {
        #expect(read([[0x80 | opcode, 0]]).error == .violation("reserved opcode"))
    }

    @Test func `a masked frame of a server is a violation`() {
        #expect(read([[0x81, 0x81, 0, 0, 0, 0, 1]]).error == .violation("masked frame"))
    }

    @Test(arguments: [
        [0x81, 126, 0, 125], [0x81, 127, 0, 0, 0, 0, 0, 0, 0xFF, 0xFF], [0x81, 127, 0x80, 0, 0, 0, 0, 1, 0, 0],
    ])
    func `a length must have its shortest form and no sign`(header: [UInt8]) {
        #expect(read([header]).error == .violation("length form"))
    }

    @Test(arguments: [[0x89, 126, 0, 126], [0x09, 0], [0x08, 0], [0x8A, 127]] as [[UInt8]])
    func `control frames are short and final`(header: [UInt8]) {
        #expect(read([header]).error == .violation("control frame"))
    }

    @Test func `continuations need a beginning, and beginnings an end`() {
        #expect(read([frame(0, [1])]).error == .violation("continuation of nothing"))
        let nested = read([frame(1, [1], fin: false) + frame(1, [2])])
        #expect(nested.error == .violation("new message inside a fragmented one"))
        #expect(nested.seen.isEmpty)
    }

    @Test func `binary is not supported`() { #expect(read([frame(2, [1])]).error == .unsupported) }

    @Test func `a message over the limit is refused on its length`() {
        #expect(read([frame(1, bytes(1_000))], limit: 1_000).error == nil)
        #expect(read([[0x81, 126, 0x03, 0xE9]], limit: 1_000).error == .tooLarge)
        #expect(read([[0x81, 127, 0, 0, 0, 0, 0x40, 0, 0, 0]], limit: 4 << 20).error == .tooLarge)
        #expect(read([[0x81, 11]], limit: 10).error == .tooLarge)
    }

    @Test func `fragments count together, on the length of the next one`() {
        let first = frame(1, bytes(600), fin: false)
        #expect(read([first + frame(0, bytes(400))], limit: 1_000).error == nil)
        #expect(read([first + [0x80, 126, 0x01, 0x91]], limit: 1_000).error == .tooLarge)
        #expect(read([first + frame(0, bytes(400)) + frame(1, bytes(1_000))], limit: 1_000).seen.count == 2)
    }

    @Test func `a ping inside a fragmented message has room of its own`() {
        let stream = frame(1, bytes(1_000), fin: false) + frame(9, bytes(100)) + frame(0, [])
        #expect(read([stream], limit: 1_000).seen == [.ping(bytes(100)), .text(bytes(1_000))])
    }

    @Test func `endless empty fragments end`() {
        let stream = frame(1, [], fin: false) + (0..<64).flatMap { _ in frame(0, [], fin: false) }
        #expect(read([stream]).error == .tooLarge)
    }

    @Test func `a closing frame gives code and reason`() {
        #expect(read([frame(8, [])]).seen == [.close(nil, [])])
        #expect(read([frame(8, [0x03, 0xE8])]).seen == [.close(1000, [])])
        #expect(read([frame(8, [0x0F, 0xA0] + Array("bye".utf8))]).seen == [.close(4000, Array("bye".utf8))])
    }

    @Test(arguments: [0, 999, 1004, 1005, 1006, 1015, 2999, 5000] as [UInt16])
    func `codes that must not be sent are a violation`(code: UInt16) {
        #expect(read([frame(8, [UInt8(code >> 8), UInt8(code & 0xFF)])]).error == .violation("close code"))
    }

    @Test func `a broken closing frame is refused`() {
        #expect(read([frame(8, [3])]).error == .violation("close frame of one byte"))
        #expect(read([frame(8, [0x03, 0xE8, 0xC3, 0x28])]).error == .badText)
    }
}
