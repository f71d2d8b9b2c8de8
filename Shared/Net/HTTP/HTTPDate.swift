/// The date of an HTTP header in its only current form, "Sun, 06 Nov 1994 08:49:37 GMT" (RFC 9110, 5.6.7).
struct HTTPDate {
    /// Since 1970.
    let seconds: Int

    /// nil for anything else. The name of the day is not compared with the date.
    init?(_ text: String) {
        let bytes = Array(text.utf8)
        let shape = Array("aaa, dd aaa dddd dd:dd:dd GMT".utf8)
        guard bytes.count == shape.count, zip(bytes, shape).allSatisfy(Self.fits) else { return nil }
        let number = { (range: Range<Int>) in bytes[range].reduce(0) { $0 * 10 + Int($1) - 0x30 } }
        guard let month = Self.months.firstIndex(of: String(decoding: bytes[8..<11], as: UTF8.self)) else { return nil }
        let (day, year) = (number(5..<7), number(12..<16))
        let (hour, minute, second) = (number(17..<19), number(20..<22), number(23..<25))
        guard year > 0, (1...31).contains(day), hour < 24, minute < 60, second <= 60 else { return nil }
        seconds = (Self.days(year, month + 1, day) * 24 + hour) * 3_600 + minute * 60 + second
    }

    private static let months = [
        "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
    ]

    private static func fits(_ byte: UInt8, _ pattern: UInt8) -> Bool {
        switch pattern {
        case UInt8(ascii: "d"): (0x30...0x39).contains(byte)
        case UInt8(ascii: "a"): (0x41...0x5A).contains(byte & 0xDF)
        default: byte == pattern
        }
    }

    /// Days since 1970-01-01 of a date of the years 1...9999. Years begin in March here, so that a leap day is their
    /// last.
    private static func days(_ year: Int, _ month: Int, _ day: Int) -> Int {
        let shifted = month <= 2 ? year - 1 : year
        let ofYear = (153 * ((month + 9) % 12) + 2) / 5 + day - 1
        let leapDays = shifted / 4 - shifted / 100 + shifted / 400
        return shifted * 365 + leapDays + ofYear - 719_468
    }
}
