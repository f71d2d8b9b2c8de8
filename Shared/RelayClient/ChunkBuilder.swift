/// Collects raw events until they are handed on: one copy an event.
struct ChunkBuilder {
    static let maxEvents = 256
    static let maxBytes = 64 << 10

    private var bytes: [UInt8] = []
    private var ranges: [Range<Int>] = []

    var isEmpty: Bool { ranges.isEmpty }

    /// Adds an event; gives the chunk that is complete now, if one is. An event over the size of a chunk has its own.
    mutating func add(_ event: UnsafeBufferPointer<UInt8>) -> EventChunk? {
        let isTooMuch = !ranges.isEmpty && bytes.count + event.count > Self.maxBytes
        let full = isTooMuch ? take() : nil
        if bytes.isEmpty { bytes.reserveCapacity(max(event.count, 16 << 10)) }
        let start = bytes.count
        bytes.append(contentsOf: event)
        ranges.append(start..<bytes.count)
        return full ?? (ranges.count == Self.maxEvents ? take() : nil)
    }

    /// What was collected, nil when it is nothing.
    mutating func take() -> EventChunk? {
        guard !ranges.isEmpty else { return nil }
        defer {
            bytes = []
            ranges = []
        }
        return EventChunk(bytes: bytes, ranges: ranges)
    }
}
