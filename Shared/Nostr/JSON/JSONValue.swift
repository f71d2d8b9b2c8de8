/// Any JSON value (RFC 8259), for small documents whose shape is not known beforehand. Events have a reader of their
/// own.
///
/// A value that was read holds nothing that PostgreSQL's jsonb refuses: NUL and halves of surrogate pairs are U+FFFD,
/// numbers too large for it are null.
public indirect enum JSONValue: Sendable, Equatable {
    /// `null`.
    case null
    /// `true` or `false`.
    case bool(Bool)
    /// A number as it is written in JSON.
    case number(JSONNumber)
    /// A string.
    case string(String)
    /// A list.
    case array([JSONValue])
    /// An object, its members in the order of writing.
    case object([Member])

    /// One member of an object.
    public struct Member: Sendable, Equatable {
        /// Its name.
        public var name: String
        /// What it is.
        public var value: JSONValue

        /// Direct form.
        public init(_ name: String, _ value: JSONValue) {
            self.name = name
            self.value = value
        }
    }

    /// A whole number.
    public static func integer(_ value: some FixedWidthInteger) -> JSONValue { .number(JSONNumber(value)) }

    /// The value of a member; nil when this is no object or has none of that name. Of several the last.
    public subscript(_ name: String) -> JSONValue? {
        guard case .object(let members) = self else { return nil }
        return members.last { $0.name.utf8.elementsEqual(name.utf8) }?.value
    }

    /// The JSON text in UTF-8, without blanks.
    public func encode() -> [UInt8] {
        var text: [UInt8] = []
        append(to: &text)
        return text
    }

    private func append(to text: inout [UInt8]) {
        switch self {
        case .null: text.append(contentsOf: "null".utf8)
        case .bool(let value): text.append(contentsOf: (value ? "true" : "false").utf8)
        case .number(let value): text.append(contentsOf: value.text.utf8)
        case .string(let value): Self.append(value, to: &text)
        case .array(let values):
            text.append(UInt8(ascii: "["))
            for (index, value) in values.enumerated() {
                if index > 0 { text.append(UInt8(ascii: ",")) }
                value.append(to: &text)
            }
            text.append(UInt8(ascii: "]"))
        case .object(let members):
            text.append(UInt8(ascii: "{"))
            for (index, member) in members.enumerated() {
                if index > 0 { text.append(UInt8(ascii: ",")) }
                Self.append(member.name, to: &text)
                text.append(UInt8(ascii: ":"))
                member.value.append(to: &text)
            }
            text.append(UInt8(ascii: "}"))
        }
    }

    private static func append(_ string: String, to text: inout [UInt8]) {
        text.append(UInt8(ascii: "\""))
        CanonicalJSON.appendString(string.utf8, to: &text)
        text.append(UInt8(ascii: "\""))
    }
}

extension JSONValue: ExpressibleByStringLiteral, ExpressibleByBooleanLiteral {
    /// A string.
    public init(stringLiteral value: String) { self = .string(value) }
    /// `true` or `false`.
    public init(booleanLiteral value: Bool) { self = .bool(value) }
}

/// A number of JSON that every reader can hold.
public struct JSONNumber: Sendable, Hashable {
    /// As JSON writes it.
    public let text: String

    /// A whole number.
    public init(_ value: some FixedWidthInteger) { text = String(value) }

    /// A number with a fraction; nil for one that JSON cannot write.
    public init?(_ value: Double) {
        guard value.isFinite else { return nil }
        text = "\(value)"
    }

    /// A number that the scanner has accepted. Long ones and those with an exponent are rounded to a Double; nil for
    /// those that are too large for one.
    init?(scanned: String) {
        let isPlain = scanned.utf8.count <= 40 && !scanned.utf8.contains { $0 | 0x20 == UInt8(ascii: "e") }
        guard !isPlain else {
            text = scanned
            return
        }
        guard let value = Double(scanned), value.isFinite else { return nil }
        text = "\(value)"
    }

    /// The whole number that it is, also when it is written with a fraction or an exponent; nil when it is none.
    public var integer: Int64? { Int64(text) ?? Double(text).flatMap { Int64(exactly: $0) } }

    /// Whether it is written as a whole number.
    public var isPlainInteger: Bool { Int64(text) != nil }
}
