/// A tag name of one ASCII letter, the only tags that relays index and filters may name (NIP-01, Tags).
public struct TagName: Hashable, Sendable, Comparable, CustomStringConvertible {
    /// The letter's ASCII code: a-z or A-Z.
    public let letter: UInt8

    /// The name with this ASCII code; nil unless it is a letter.
    public init?(_ letter: UInt8) {
        guard (0x61...0x7A).contains(letter | 0x20) else { return nil }
        self.letter = letter
    }

    /// The name of this character; nil unless it is an ASCII letter.
    public init?(_ character: Character) {
        guard let letter = character.asciiValue else { return nil }
        self.init(letter)
    }

    /// The order of the ASCII codes.
    public static func < (left: TagName, right: TagName) -> Bool { left.letter < right.letter }

    /// The letter.
    public var description: String { String(Unicode.Scalar(letter)) }
}
