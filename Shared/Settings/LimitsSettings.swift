/// Section `limits` of the core file: what a relay may send in one message.
public struct LimitsSettings: SettingsSection {
    /// A WebSocket message, all fragments together, and with it an event: 64 KiB to 64 MiB. It is checked on the length
    /// field, before anything is read. Too small: large events are never archived; too large: few connections use up
    /// `unfinished_bytes`.
    public var messageBytes: ByteCount = .mebibytes(4)
    /// What messages of all connections hold together while a part of them has not arrived. Too small: relays that send
    /// large messages wait for each other. Never below four messages.
    public var unfinishedBytes: ByteCount = .mebibytes(32)

    /// The defaults.
    public init() {}

    /// Ranges, and that one message fits into what all may hold.
    public func validate(into problems: inout Validation) {
        problems.check("message_bytes", messageBytes, in: .kibibytes(64)...(.mebibytes(64)))
        problems.check("unfinished_bytes", unfinishedBytes, in: .kibibytes(64)...(.mebibytes(16_384)))
        problems.require(
            messageBytes.bytes <= unfinishedBytes.bytes, "message_bytes", given: messageBytes.settingText,
            allowed: "at most unfinished_bytes (\(unfinishedBytes.settingText))")
    }
}
