internal import Crypto

/// Writes one text after the other into memory of a fixed size; used where growing arrays cost more than hashing.
struct ByteWriter {
    private let memory: UnsafeMutableRawBufferPointer
    private var count = 0

    /// A writer that begins at the start of the memory.
    init(_ memory: UnsafeMutableRawBufferPointer) { self.memory = memory }

    /// What was written so far.
    var written: UnsafeRawBufferPointer { UnsafeRawBufferPointer(rebasing: memory[..<count]) }

    /// Appends bytes. Traps when they do not fit: sizes are checked before.
    @inline(__always) mutating func append(_ bytes: UnsafeRawBufferPointer) {
        precondition(bytes.count <= memory.count - count, "the memory holds what is written")
        UnsafeMutableRawBufferPointer(rebasing: memory[count...]).copyMemory(from: bytes)
        count += bytes.count
    }

    /// Appends a text of the program.
    @inline(__always) mutating func append(_ text: StaticString) {
        append(UnsafeRawBufferPointer(start: text.utf8Start, count: text.utf8CodeUnitCount))
    }

    /// Appends the beginning of an event's canonical form: `[0,"pubkey",created_at,kind,`.
    mutating func head(_ event: ParsedEvent) {
        append("[0,\"")
        precondition(memory.count - count >= 64, "the memory holds what is written")
        if let start = memory.baseAddress { event.pubkey.writeHex(to: start + count) }
        count += 64
        append("\",")
        decimal(UInt64(event.createdAt.seconds.magnitude))
        append(",")
        decimal(UInt64(event.kind))
        append(",")
    }

    /// Appends the digits of a number.
    private mutating func decimal(_ value: UInt64) {
        var digits: (UInt64, UInt64, UInt64) = (0, 0, 0)
        withUnsafeMutableBytes(of: &digits) { bytes in
            var rest = value
            var start = bytes.count
            repeat {
                start -= 1
                bytes[start] = 48 + UInt8(truncatingIfNeeded: rest % 10)
                rest /= 10
            } while rest > 0
            append(UnsafeRawBufferPointer(rebasing: bytes[start...]))
        }
    }
}
