/// Why bytes are not an event that can be archived. The raw values are stable: logs, metrics and `quarantine` use them.
///
/// The first defect in the order of the bytes is reported; what can only be known at the end comes last.
public enum EventError: String, Error, Sendable, CaseIterable {
    /// Not one JSON object by RFC 8259.
    case notJSON = "not_json"
    /// The text begins with U+FEFF, which RFC 8259 forbids to send.
    case byteOrderMark = "byte_order_mark"
    /// Something follows the object.
    case trailingBytes = "trailing_bytes"
    /// A control byte below 0x20 stands raw in a string.
    case controlByte = "control_byte"
    /// Bytes that are not UTF-8, surrogates coded as UTF-8 included.
    case badUTF8 = "bad_utf8"
    /// Half of a surrogate pair in a string that belongs to the event: it has no UTF-8 form.
    case loneSurrogate = "lone_surrogate"
    /// Nested deeper than three levels, the event object being the first.
    case tooDeep = "too_deep"
    /// More bytes than the limit.
    case tooLarge = "too_large"
    /// More members that NIP-01 does not know than the limit.
    case tooManyFields = "too_many_fields"
    /// The same key twice in the event object: readers disagree which one counts.
    case duplicateKey = "duplicate_key"
    /// One of the seven members is absent.
    case missingField = "missing_field"
    /// `id`, `pubkey` or `sig` is not a string of the right number of hex characters.
    case badHex = "bad_hex"
    /// `id`, `pubkey` or `sig` would be right in lower case.
    case uppercaseHex = "uppercase_hex"
    /// `kind` is not a number.
    case badKind = "bad_kind"
    /// `kind` is below 0 or above 65535.
    case kindOutOfRange = "kind_out_of_range"
    /// `created_at` is not a number.
    case badCreatedAt = "bad_created_at"
    /// `created_at` is below 0.
    case negativeCreatedAt = "negative_created_at"
    /// `created_at` is above 2^63 - 1.
    case createdAtOutOfRange = "created_at_out_of_range"
    /// A number with a point where an integer belongs: writers disagree on the canonical form.
    case fractionalNumber = "fractional_number"
    /// A number with an exponent where an integer belongs.
    case exponentNumber = "exponent_number"
    /// `tags` is not an array of arrays of strings.
    case badTags = "bad_tags"
    /// `content` is not a string.
    case badContent = "bad_content"
    /// The id is the hash of the event in none of the three dialects.
    case idMismatch = "id_mismatch"
    /// The signature is not the author's. The parser does not check it; its callers do and use this name.
    case badSignature = "bad_signature"

    /// The stable name.
    public var kind: String { rawValue }
}
