/// Why a frame is no message of a relay. The raw values are stable.
public enum ProtocolError: String, Error, Sendable, CaseIterable {
    /// Not one JSON array by RFC 8259.
    case notJSON = "not_json"
    /// Bytes that are not UTF-8: a WebSocket text frame must not hold them (RFC 6455 section 8.1, status 1007).
    case badUTF8 = "bad_utf8"
    /// The text begins with U+FEFF.
    case byteOrderMark = "byte_order_mark"
    /// Something follows the array.
    case trailingBytes = "trailing_bytes"
    /// A control byte stands raw in a string.
    case controlByte = "control_byte"
    /// Nested deeper than 16 levels.
    case tooDeep = "too_deep"
    /// An array whose first element names no message that relays send.
    case unknownMessage = "unknown_message"
    /// A message with elements missing or of the wrong type.
    case badMessage = "bad_message"

    /// The stable name.
    public var kind: String { rawValue }

    /// The scanner's fault, seen as a defect of a message.
    init(_ fault: JSONFault) {
        switch fault {
        case .syntax: self = .notJSON
        case .controlByte: self = .controlByte
        case .badUTF8: self = .badUTF8
        case .tooDeep: self = .tooDeep
        }
    }
}
