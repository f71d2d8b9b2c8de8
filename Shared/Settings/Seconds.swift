/// A span of time as settings spell it: a number of seconds, fractions allowed, 0 to 1,000,000,000.
public struct Seconds: SettingsScalar, Hashable, Comparable {
    /// The number of seconds, always within `range`.
    public let value: Double

    /// The values a setting may have, whatever narrower range its section asks for.
    public static let range = 0.0...1_000_000_000.0

    /// nil when the value is outside `range` or not a number.
    public init?(_ value: Double) {
        guard Self.range.contains(value) else { return nil }
        self.value = value
    }

    /// The same span for clocks and timers.
    public var duration: Duration { .seconds(value) }

    /// Shorter spans come first.
    public static func < (left: Seconds, right: Seconds) -> Bool { left.value < right.value }
}

extension Seconds {
    /// What a setting of seconds may be.
    public static var allowed: String { "a number of seconds, 0 to 1000000000" }

    /// Reads a decimal number.
    public init?(settingText: String) {
        guard let value = SettingsNumber.double(settingText) else { return nil }
        self.init(value)
    }

    /// Whole seconds without a fraction: "30", "0.5".
    public var settingText: String { SettingsNumber.text(value) }

    /// Reads a JSON number.
    public init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        guard let seconds = Seconds(try container.decode(Double.self)) else {
            throw DecodingError.dataCorruptedError(in: container, debugDescription: Self.allowed)
        }
        self = seconds
    }

    /// Writes a JSON number.
    public func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(value)
    }
}

extension Seconds: ExpressibleByFloatLiteral, ExpressibleByIntegerLiteral, CustomStringConvertible {
    /// For defaults in the source; a literal out of range is a mistake of ours.
    public init(floatLiteral value: Double) {
        precondition(Self.range.contains(value), "seconds out of range")
        self.value = value
    }

    /// For defaults in the source; a literal out of range is a mistake of ours.
    public init(integerLiteral value: Int) { self.init(floatLiteral: Double(value)) }

    /// "30 s"
    public var description: String { settingText + " s" }
}
