/// A number of bytes as settings spell it: 65536, "64 KiB", "4 MiB", "1 GiB"; at most 2^53.
public struct ByteCount: SettingsScalar, Hashable, Comparable {
    /// The number of bytes, 0 to 2^53.
    public let bytes: Int

    /// The values a setting may have, whatever narrower range its section asks for.
    public static let range = 0...(1 << 53)

    private static let units = [("GiB", 1 << 30), ("MiB", 1 << 20), ("KiB", 1 << 10), ("B", 1)]

    /// nil when the number is outside `range`.
    public init?(_ bytes: Int) {
        guard Self.range.contains(bytes) else { return nil }
        self.bytes = bytes
    }

    /// Fewer bytes come first.
    public static func < (left: ByteCount, right: ByteCount) -> Bool { left.bytes < right.bytes }
}

extension ByteCount {
    /// What a setting of bytes may be.
    public static var allowed: String { "a number of bytes, alone or with KiB, MiB or GiB" }

    /// Reads a whole number with an optional unit of 1024s.
    public init?(settingText: String) {
        let unit = Self.units.first { settingText.hasSuffix($0.0) }
        let digits = unit.map { settingText.dropLast($0.0.count) } ?? settingText[...]
        let trimmed = digits.last == " " ? digits.dropLast() : digits
        guard let number = SettingsNumber.integer(String(trimmed)) else { return nil }
        let (bytes, overflows) = number.multipliedReportingOverflow(by: unit?.1 ?? 1)
        guard !overflows else { return nil }
        self.init(bytes)
    }

    /// The largest unit that leaves a whole number: "4 MiB", "1000".
    public var settingText: String {
        guard bytes > 0, let unit = Self.units.first(where: { bytes.isMultiple(of: $0.1) }), unit.1 > 1 else {
            return String(bytes)
        }
        return "\(bytes / unit.1) \(unit.0)"
    }

    /// Reads a JSON number of bytes.
    public init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        guard let count = ByteCount(try container.decode(Int.self)) else {
            throw DecodingError.dataCorruptedError(in: container, debugDescription: Self.allowed)
        }
        self = count
    }

    /// Writes a JSON number of bytes.
    public func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(bytes)
    }
}

extension ByteCount: ExpressibleByIntegerLiteral, CustomStringConvertible {
    /// For defaults in the source; a negative literal is a mistake of ours.
    public init(integerLiteral value: Int) {
        precondition(Self.range.contains(value), "byte count out of range")
        bytes = value
    }

    /// "4 MiB"
    public var description: String { settingText }

    /// A number of KiB, for defaults in the source.
    public static func kibibytes(_ count: Int) -> ByteCount { ByteCount(integerLiteral: count * 1024) }

    /// A number of MiB, for defaults in the source.
    public static func mebibytes(_ count: Int) -> ByteCount { ByteCount(integerLiteral: count * 1024 * 1024) }
}
