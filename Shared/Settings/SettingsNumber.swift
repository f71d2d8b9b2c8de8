/// Numbers as settings spell them: decimal digits only, no octal, hexadecimal, sexagesimal or infinite forms.
enum SettingsNumber {
    /// A whole number with an optional sign; nil for anything else and for what does not fit.
    static func integer(_ text: String) -> Int? {
        guard isDecimal(text[...], fraction: false) else { return nil }
        return Int(text)
    }

    /// A decimal number with optional sign, fraction and exponent; nil for anything else.
    static func double(_ text: String) -> Double? {
        let parts = text.split(separator: "e", maxSplits: 1, omittingEmptySubsequences: false)
        guard let mantissa = parts.first, isDecimal(mantissa, fraction: true) else { return nil }
        if parts.count == 2, !isDecimal(parts[1], fraction: false) { return nil }
        guard let value = Double(text), value.isFinite else { return nil }
        return value
    }

    /// The shortest text that reads back as the same number; whole numbers without a point.
    static func text(_ value: Double) -> String {
        if value.magnitude < 1e15, value == value.rounded() { return String(Int(value)) }
        return "\(value)"
    }

    private static func isDecimal(_ text: Substring, fraction: Bool) -> Bool {
        var digits = text.utf8[...]
        if digits.first == UInt8(ascii: "-") || digits.first == UInt8(ascii: "+") { digits = digits.dropFirst() }
        var points = 0
        for byte in digits {
            if byte == UInt8(ascii: "."), fraction { points += 1; continue }
            guard (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) else { return false }
        }
        return points <= 1 && digits.count > points
    }
}
