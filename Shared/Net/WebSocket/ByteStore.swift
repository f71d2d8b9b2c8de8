/// Bytes that wait for the rest of a frame, at an address that stays valid until the next change.
///
/// An Array gives its address inside a closure only; frames are handed out one after the other instead.
struct ByteStore: ~Copyable {
    /// Memory kept when the store is emptied; more goes back at once, so that one large message does not cost for ever.
    private static let keptBytes = 8 << 10

    private var base: UnsafeMutableRawPointer?
    /// Bytes of memory.
    private(set) var capacity = 0
    private(set) var count = 0

    init() {}

    deinit { base?.deallocate() }

    /// What is stored. Valid until the next call that changes the store.
    var bytes: UnsafeRawBufferPointer { UnsafeRawBufferPointer(start: base, count: count) }

    /// Appends by copying; grows by doubling, so an announced length costs nothing before its bytes arrive.
    mutating func append(_ source: UnsafeRawBufferPointer) {
        guard let start = source.baseAddress, source.count > 0 else { return }
        if count + source.count > capacity { grow(to: count + source.count) }
        base?.advanced(by: count).copyMemory(from: start, byteCount: source.count)
        count += source.count
    }

    mutating func removeAll() {
        count = 0
        guard capacity > Self.keptBytes else { return }
        base?.deallocate()
        base = nil
        capacity = 0
    }

    private mutating func grow(to needed: Int) {
        let newCapacity = max(needed, 2 * capacity, 256)
        let new = UnsafeMutableRawPointer.allocate(byteCount: newCapacity, alignment: 16)
        if let base {
            new.copyMemory(from: base, byteCount: count)
            base.deallocate()
        }
        base = new
        capacity = newCapacity
    }
}
