internal import Crypto

/// How many ids a set has and their sum as little-endian numbers of 256 bits, modulo 2^256. Sums of parts add up to
/// the sum of the whole, in any order.
struct NegentropySum: Sendable {
    /// Ids added so far.
    private(set) var count = 0
    /// The sum, least significant word first.
    private var words: (UInt64, UInt64, UInt64, UInt64) = (0, 0, 0, 0)

    /// Adds one id.
    mutating func add(_ id: EventID) { add(id, count: 1) }

    /// Adds a set whose number of ids and sum of ids are known.
    mutating func add(_ number: Bytes32, count: Int) {
        self.count += count
        // Not `number.withUnsafeBytes`: a call into another module for each id makes sums six times as dear.
        withUnsafeBytes(of: number) { bytes in
            func word(_ place: Int) -> UInt64 {
                UInt64(littleEndian: bytes.loadUnaligned(fromByteOffset: place * 8, as: UInt64.self))
            }
            var carry: UInt64 = 0
            words.0 = Self.sum(words.0, word(0), &carry)
            words.1 = Self.sum(words.1, word(1), &carry)
            words.2 = Self.sum(words.2, word(2), &carry)
            words.3 = Self.sum(words.3, word(3), &carry)
        }
    }

    /// The sum, 32 bytes little-endian.
    var value: Bytes32 {
        var bytes: [UInt8] = []
        appendSum(to: &bytes)
        return Bytes32(bytes) ?? .zero
    }

    /// The first half of SHA-256 over the sum and the number of ids as a varint.
    var fingerprint: NegentropyFingerprint {
        var text: [UInt8] = []
        appendSum(to: &text)
        NegentropyWriter.append(varint: UInt64(clamping: count), to: &text)
        guard let fingerprint = NegentropyFingerprint(SHA256.hash(text).bytes) else {
            preconditionFailure("a hash has 32 bytes")
        }
        return fingerprint
    }

    private func appendSum(to bytes: inout [UInt8]) {
        for word in [words.0, words.1, words.2, words.3] {
            withUnsafeBytes(of: word.littleEndian) { bytes.append(contentsOf: $0) }
        }
    }

    private static func sum(_ left: UInt64, _ right: UInt64, _ carry: inout UInt64) -> UInt64 {
        let (half, first) = left.addingReportingOverflow(right)
        let (whole, second) = half.addingReportingOverflow(carry)
        carry = first || second ? 1 : 0
        return whole
    }
}
