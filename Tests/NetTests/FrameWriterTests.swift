import NIOCore
import Testing

@testable import Net

@Suite struct FrameWriterTests {
    private func write(_ payload: [UInt8], mask: UInt32) -> [UInt8] {
        var buffer = ByteBuffer()
        payload.withUnsafeBytes { FrameWriter.write(.text, $0, mask: mask, into: &buffer) }
        return Array(buffer.readableBytesView)
    }

    @Test func `RFC 6455's masked Hello`() {
        #expect(
            write(Array("Hello".utf8), mask: 0x37FA_213D)
                == [0x81, 0x85, 0x37, 0xFA, 0x21, 0x3D, 0x7F, 0x9F, 0x4D, 0x51, 0x58])
    }

    @Test(arguments: [(0, 6), (125, 6), (126, 8), (65_535, 8), (65_536, 14)])
    func `the length has its shortest form`(count: Int, header: Int) {
        let bytes = write([UInt8](repeating: 0xAA, count: count), mask: 0)
        #expect(bytes.count == header + count)
        #expect(bytes.suffix(count).allSatisfy { $0 == 0xAA })
    }
}
