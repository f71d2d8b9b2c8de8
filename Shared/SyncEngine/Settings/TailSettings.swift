public import Settings

/// Section `tail`: open subscriptions for what relays store from now on.
///
/// On the priority lane every relay that is read is followed too; on the ordinary lane those that find a slot which no
/// relay that is due needs.
public struct TailSettings: SettingsSection {
    /// Off: relays are only polled, every `sync.revisit_interval`.
    public var enabled = true
    /// Relays that one replica follows at a time, at most. Too large: each costs a commit every `flush_interval`.
    public var slots = 1_000
    /// From one commit of a relay's live events to the next; the first ones after a silence do not wait. Too small: a
    /// transaction for each event. Too large: events are late.
    public var flushInterval: Seconds = 0.5
    /// Live events of one relay that make a commit due at once, and are read ahead of it.
    public var groupEvents = 500
    /// Their bytes.
    public var groupBytes: ByteCount = .kibibytes(256)
    /// Bytes that may wait behind these; a relay that sends more than is stored is no longer followed, but polled.
    /// Too small: one large event ends it. Too large: this much memory for each connection.
    public var waitingBytes: ByteCount = .kibibytes(512)
    /// Events that are none, or whose signature is wrong: more on one subscription end it.
    public var mostRejected = 1_000

    /// The defaults.
    public init() {}

    /// Ranges.
    public func validate(into problems: inout Validation) {
        problems.check("slots", slots, in: 0...100_000)
        problems.check("flush_interval", flushInterval, in: 0.01...60)
        problems.check("group_events", groupEvents, in: 1...10_000)
        problems.check("group_bytes", groupBytes, in: .kibibytes(16)...(.mebibytes(64)))
        problems.check("waiting_bytes", waitingBytes, in: .kibibytes(16)...(.mebibytes(64)))
        problems.check("most_rejected", mostRejected, in: 0...1_000_000)
    }
}
