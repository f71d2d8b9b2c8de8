internal import Crypto

/// The 64-bit keys that stand for a tag in the index of stored events.
///
/// A key is, from the highest bit: one bit 0, fifteen of week (created_at / 604,800), 48 of SipHash-2-4 over one byte
/// letter and the first 255 bytes of the value. The week bounds "the newest hundred of this tag": probe one week after
/// the other. It comes first so that events of one time lie together in the index.
/// Keys may collide, so whoever finds rows by key compares their tags. The hash is part of the stored format and is
/// described, with the reason for its choice, in docs/decisions/0002-tag-key-hash.md.
public enum TagKey {
    /// Number of the format; another hash, another length or another week is another version.
    public static let version = 2

    /// Seconds of the span that shares one key for the same tag.
    public static let weekSeconds: Int64 = 604_800

    /// The last week that has keys of its own, in the year 2597; what is later shares them.
    public static let lastWeek: Int64 = 32_767

    /// How many bytes of a value are hashed; longer values that begin alike share a key.
    public static let maxValueBytes = 255

    /// The week that a time falls into.
    public static func week(of time: UnixTime) -> Int64 {
        let (week, rest) = time.seconds.quotientAndRemainder(dividingBy: weekSeconds)
        return rest < 0 ? week - 1 : week
    }

    /// The key of a tag value in UTF-8 in one week; nil for an `e` or `p` value that is not 64 lowercase hex
    /// characters: NIP-01 lets filters ask for no other.
    public static func key(_ name: TagName, _ value: [UInt8], week: Int64) -> Int64? {
        value.withUnsafeBufferPointer { key(name, $0, week: week) }
    }

    /// The key of a tag value in memory.
    static func key(_ name: TagName, _ value: UnsafeBufferPointer<UInt8>, week: Int64) -> Int64? {
        if name.letter == UInt8(ascii: "e") || name.letter == UInt8(ascii: "p") {
            guard EventID(hex: UnsafeRawBufferPointer(value)) != nil else { return nil }
        }
        var hash = SipHash24(seed)
        hash.append(name.letter)
        hash.append(UnsafeRawBufferPointer(UnsafeBufferPointer(rebasing: value.prefix(maxValueBytes))))
        return min(max(week, 0), lastWeek) << hashBits | Int64(hash.finish() & (1 << hashBits - 1))
    }

    /// The lower bits of a key.
    private static let hashBits: Int64 = 48

    /// The 16 ASCII bytes `BigBrotr tagkey2` as two little-endian words; public, and the version is part of it.
    private static let seed: (UInt64, UInt64) = (0x7274_6F72_4267_6942, 0x3279_656B_6761_7420)
}
