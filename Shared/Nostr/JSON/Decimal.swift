/// Writes integers as JSON does.
enum Decimal {
    /// Appends the decimal digits, with a minus sign where needed.
    static func append(_ value: Int64, to output: inout [UInt8]) {
        if value < 0 { output.append(UInt8(ascii: "-")) }
        var rest = value.magnitude
        let start = output.count
        repeat {
            let (quotient, digit) = rest.quotientAndRemainder(dividingBy: 10)
            output.append(48 + UInt8(digit))
            rest = quotient
        } while rest > 0
        output[start...].reverse()
    }
}
