/// Section `limits` of the core file: what others may send in one message or document.
public struct LimitsSettings: SettingsSection {
    /// A WebSocket message, all fragments together, and with it an event: 64 KiB to 64 MiB. It is checked on the length
    /// field, before anything is read. Too small: large events are never archived; too large: few connections use up
    /// `unfinished_bytes`.
    public var messageBytes: ByteCount = .mebibytes(4)
    /// What messages of all connections hold together while a part of them has not arrived. Too small: relays that send
    /// large messages wait for each other. Never below four messages.
    public var unfinishedBytes: ByteCount = .mebibytes(32)
    /// Levels of JSON in a message outside its event, in an information document (NIP-11), in a list of relays and in a
    /// document of names (NIP-05), 8 to 64. Too small: documents with much structure are refused; too large: relays
    /// make us read what nobody needs.
    public var jsonDepth = 16
    /// Levels of JSON in an event, itself the first, 3 to 64. NIP-01 has three; only members that it does not know can
    /// be deeper, and those are skipped. Too small: events that carry them are not archived; too large: relays make us
    /// read what is not kept.
    public var eventDepth = 3
    /// Bytes kept of the text of a CLOSED, NOTICE, OK or NEG-ERR, 128 B to 4 KiB. Too small: why a relay refuses is
    /// not understood; too large: connections with many notices hold memory.
    public var textBytes: ByteCount = 512

    /// The defaults.
    public init() {}

    /// Ranges, and that one message fits into what all may hold.
    public func validate(into problems: inout Validation) {
        problems.check("message_bytes", messageBytes, in: .kibibytes(64)...(.mebibytes(64)))
        problems.check("unfinished_bytes", unfinishedBytes, in: .kibibytes(64)...(.mebibytes(16_384)))
        problems.require(
            messageBytes.bytes <= unfinishedBytes.bytes, "message_bytes", given: messageBytes.settingText,
            allowed: "at most unfinished_bytes (\(unfinishedBytes.settingText))")
        problems.check("json_depth", jsonDepth, in: 8...64)
        problems.check("event_depth", eventDepth, in: 3...64)
        problems.check("text_bytes", textBytes, in: 128...ByteCount.kibibytes(4))
    }
}
