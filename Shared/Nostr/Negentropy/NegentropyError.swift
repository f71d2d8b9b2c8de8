/// Why a message of set reconciliation cannot be used, or a session must end. The raw values are stable.
public enum NegentropyError: String, Error, Sendable, CaseIterable {
    /// More bytes than a message may have.
    case messageTooLong = "message_too_long"
    /// The first byte is not 0x61: another version, or no such message at all.
    case unsupportedVersion = "unsupported_version"
    /// The bytes end inside a range.
    case truncated = "truncated"
    /// A number above 64 bits.
    case varintOverflow = "varint_overflow"
    /// Times of bounds add up to more than 64 bits.
    case timestampOverflow = "timestamp_overflow"
    /// A bound stands before the one that precedes it.
    case boundsNotAscending = "bounds_not_ascending"
    /// A bound with more bytes than an id has.
    case idPrefixTooLong = "id_prefix_too_long"
    /// A range is neither skipped nor has it a fingerprint or ids.
    case unknownMode = "unknown_mode"
    /// A list announces more ids than the message has room for.
    case idListTooLong = "id_list_too_long"
    /// Ranges follow after the end of time.
    case trailingData = "trailing_data"
    /// The other side has not come to an end within the allowed rounds.
    case tooManyRounds = "too_many_rounds"
    /// The session has taken more bytes than allowed.
    case tooManyBytes = "too_many_bytes"
    /// A message before the session was opened or after it has ended.
    case unexpectedMessage = "unexpected_message"

    /// The stable name.
    public var kind: String { rawValue }
}
