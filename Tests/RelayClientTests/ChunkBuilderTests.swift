import Testing

@testable import RelayClient

@Suite struct ChunkBuilderTests {
    /// Adds texts of these lengths; text n is made of the byte n. Gives the chunks, the rest last.
    private func chunks(_ lengths: [Int]) -> [EventChunk] {
        var builder = ChunkBuilder()
        var chunks: [EventChunk] = []
        for (number, length) in lengths.enumerated() {
            let text = [UInt8](repeating: UInt8(number % 256), count: length)
            if let chunk = text.withUnsafeBufferPointer({ builder.add($0) }) { chunks.append(chunk) }
        }
        if let rest = builder.take() { chunks.append(rest) }
        return chunks
    }

    private func lengths(_ chunk: EventChunk) -> [Int] { chunk.ranges.map(\.count) }

    @Test func `nothing makes no chunk`() { #expect(chunks([]).isEmpty) }

    @Test func `texts stay apart and in order`() {
        let chunk = chunks([3, 0, 2]).first
        #expect(chunk?.bytes == [0, 0, 0, 2, 2])
        #expect(chunk?.ranges == [0..<3, 3..<3, 3..<5])
    }

    @Test func `256 events are a chunk`() {
        #expect(chunks([Int](repeating: 1, count: 513)).map { $0.ranges.count } == [256, 256, 1])
    }

    @Test func `a chunk has at most 64 KiB unless one event has more`() {
        let size = 64 << 10
        #expect(chunks([size - 1, 1, 1]).map(lengths) == [[size - 1, 1], [1]])
        #expect(chunks([10, size + 1, 10]).map(lengths) == [[10], [size + 1], [10]])
    }

    @Test func `forEachEvent gives every text`() {
        var seen: [[UInt8]] = []
        EventChunk(bytes: [1, 2, 3], ranges: [0..<1, 1..<1, 1..<3]).forEachEvent { seen.append([UInt8]($0)) }
        #expect(seen == [[1], [], [2, 3]])
    }
}
