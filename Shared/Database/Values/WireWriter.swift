/// Writes PostgreSQL's binary forms (network byte order) to the end of a byte array.
///
/// One writer is handed through a whole parameter list, so a batch of thousands of values grows one buffer only.
public struct WireWriter: Sendable {
    /// What has been written so far.
    public private(set) var bytes: [UInt8] = []

    /// Makes room for `count` more bytes. Worth calling before a long column.
    public mutating func reserve(_ count: Int) {
        if bytes.capacity - bytes.count < count { bytes.reserveCapacity(max(bytes.count + count, bytes.capacity * 2)) }
    }

    /// One integer, most significant byte first.
    @inline(__always)
    public mutating func integer<Value: FixedWidthInteger>(_ value: Value) {
        withUnsafeBytes(of: value.bigEndian) { bytes.append(contentsOf: $0) }
    }

    /// The bytes as they are.
    @inline(__always)
    public mutating func raw(_ other: some Collection<UInt8>) { bytes.append(contentsOf: other) }

    /// The bytes as they are.
    @inline(__always)
    public mutating func raw(_ buffer: UnsafeRawBufferPointer) { bytes.append(contentsOf: buffer) }

    /// Writes a 32-bit length and then what `body` writes; the length is filled in afterwards.
    @inline(__always)
    public mutating func measured(_ body: (inout WireWriter) -> Void) {
        let start = bytes.count
        integer(Int32(0))
        body(&self)
        let length = UInt32(truncatingIfNeeded: bytes.count - start - 4)
        for place in 0..<4 { bytes[start + place] = UInt8(truncatingIfNeeded: length >> (24 - 8 * UInt32(place))) }
    }

    /// An array of one dimension: header, then each element with its length, -1 for NULL.
    ///
    /// `element` writes element `index` without its length and returns false where the element is NULL (having written
    /// nothing).
    @inline(__always)
    public mutating func array(
        of elementType: UInt32, count: Int, element: (Int, inout WireWriter) -> Bool
    ) {
        integer(Int32(count == 0 ? 0 : 1))
        let flagPlace = bytes.count
        integer(Int32(0))
        integer(elementType)
        guard count > 0 else { return }
        integer(Int32(truncatingIfNeeded: count))
        integer(Int32(1))
        var hasNull = false
        for index in 0..<count {
            let start = bytes.count
            integer(Int32(-1))
            guard element(index, &self) else {
                hasNull = true
                continue
            }
            let length = UInt32(truncatingIfNeeded: bytes.count - start - 4)
            for place in 0..<4 { bytes[start + place] = UInt8(truncatingIfNeeded: length >> (24 - 8 * UInt32(place))) }
        }
        if hasNull { bytes[flagPlace + 3] = 1 }
    }
}
