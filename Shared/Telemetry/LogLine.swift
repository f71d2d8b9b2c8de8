internal import Logging

/// Writes one log line: a JSON object of at most `maxBytes`, with the newline.
struct LogLine {
    /// A line is never longer, so that pipes and collectors keep it whole.
    static let maxBytes = 4096
    /// One value is never longer.
    static let maxValueBytes = 1024

    private var bytes: [UInt8] = [UInt8(ascii: "{")]
    private var isTruncated = false

    /// Room for `,"truncated":true}` and the newline.
    private static let reserve = 20

    /// Adds a field; leaves it out and says so at the end when the line would grow too long.
    mutating func add(_ key: String, _ value: JSONFragment) {
        var field: [UInt8] = bytes.count > 1 ? [UInt8(ascii: ",")] : []
        JSONFragment.text(key).write(into: &field, maxBytes: 100)
        field.append(UInt8(ascii: ":"))
        value.write(into: &field, maxBytes: Self.maxValueBytes)
        guard bytes.count + field.count + Self.reserve <= Self.maxBytes else {
            isTruncated = true
            return
        }
        bytes += field
    }

    /// The finished line, newline included.
    consuming func finish() -> [UInt8] {
        if isTruncated { bytes += Array(#","truncated":true"#.utf8) }
        bytes += [UInt8(ascii: "}"), UInt8(ascii: "\n")]
        return bytes
    }
}

/// A value inside a log line.
indirect enum JSONFragment {
    case text(String)
    case literal(String)
    case list([JSONFragment])
    case object([(String, JSONFragment)])

    /// Metadata as JSON: whole numbers, true and false as such, everything else as redacted text.
    init(_ value: Logger.MetadataValue) {
        switch value {
        case .string(let text): self = .redacted(text)
        case .stringConvertible(let value): self = Self.number(value) ?? .redacted("\(value)")
        case .array(let values): self = .list(values.map(JSONFragment.init))
        case .dictionary(let values):
            self = .object(values.sorted { $0.key < $1.key }.map { ($0.key, JSONFragment($0.value)) })
        }
    }

    /// A text without secrets. What no line can hold is cut off first, so that a huge text costs no more than a long
    /// one.
    static func redacted(_ text: String) -> JSONFragment {
        guard text.utf8.count > LogLine.maxBytes else { return .text(Redaction.text(text)) }
        return .text(Redaction.text(String(decoding: text.utf8.prefix(LogLine.maxBytes), as: UTF8.self)))
    }

    private static func number(_ value: any CustomStringConvertible) -> JSONFragment? {
        if value is any FixedWidthInteger || value is Bool { return .literal("\(value)") }
        guard let number = value as? Double else { return nil }
        return number.isFinite ? .literal("\(number)") : .text("\(number)")
    }

    /// Appends the JSON text; a text is cut at a character so that it takes at most `maxBytes`.
    func write(into bytes: inout [UInt8], maxBytes: Int) {
        switch self {
        case .literal(let text): bytes += Array(text.utf8)
        case .text(let text): Self.write(text, into: &bytes, maxBytes: maxBytes)
        case .list(let values): Self.write(values, into: &bytes, maxBytes: maxBytes)
        case .object(let fields): Self.write(fields, into: &bytes, maxBytes: maxBytes)
        }
    }

    private static func write(_ text: String, into bytes: inout [UInt8], maxBytes: Int) {
        let start = bytes.count
        bytes.append(UInt8(ascii: "\""))
        for scalar in text.unicodeScalars {
            guard bytes.count - start < maxBytes else {
                bytes += Array("...".utf8)
                break
            }
            append(scalar, to: &bytes)
        }
        bytes.append(UInt8(ascii: "\""))
    }

    private static func append(_ scalar: Unicode.Scalar, to bytes: inout [UInt8]) {
        switch scalar {
        case "\"", "\\": bytes += [UInt8(ascii: "\\"), UInt8(scalar.value)]
        case "\n": bytes += Array("\\n".utf8)
        case "\t": bytes += Array("\\t".utf8)
        case _
        where scalar.value < 0x20 || (0x7F...0x9F).contains(scalar.value) || (0x2028...0x2029).contains(scalar.value):
            let digits = String(scalar.value, radix: 16)
            bytes += Array(("\\u" + String(repeating: "0", count: 4 - digits.utf8.count) + digits).utf8)
        default: bytes += Array(UTF8.encode(scalar) ?? UTF8.encodedReplacementCharacter)
        }
    }

    private static func write(_ values: [JSONFragment], into bytes: inout [UInt8], maxBytes: Int) {
        let start = bytes.count
        bytes.append(UInt8(ascii: "["))
        for (index, value) in values.enumerated() {
            guard bytes.count - start < maxBytes else { break }
            if index > 0 { bytes.append(UInt8(ascii: ",")) }
            value.write(into: &bytes, maxBytes: maxBytes - (bytes.count - start))
        }
        bytes.append(UInt8(ascii: "]"))
    }

    private static func write(_ fields: [(String, JSONFragment)], into bytes: inout [UInt8], maxBytes: Int) {
        let start = bytes.count
        bytes.append(UInt8(ascii: "{"))
        for (index, field) in fields.enumerated() {
            guard bytes.count - start < maxBytes else { break }
            if index > 0 { bytes.append(UInt8(ascii: ",")) }
            JSONFragment.text(field.0).write(into: &bytes, maxBytes: 100)
            bytes.append(UInt8(ascii: ":"))
            field.1.write(into: &bytes, maxBytes: maxBytes - (bytes.count - start))
        }
        bytes.append(UInt8(ascii: "}"))
    }
}
