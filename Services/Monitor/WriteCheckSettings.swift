import Settings

/// Section `checks.write`.
struct WriteCheckSettings: SettingsSection {
    /// Whether an event of ours is sent to every relay that is checked; needs `NOSTR_PRIVATE_KEY`.
    var enabled = false
    /// For each OK. Too small: slow relays count as not writable.
    var timeout: Seconds = 10
    /// Most bits of work (NIP-13) that are done for a relay that asks for them, 0 to 24. Each doubles the time, a few
    /// hundredths of a second at 16; too large: a relay makes us compute for its amusement.
    var maxPow = 16

    func validate(into problems: inout Validation) {
        problems.check("timeout", timeout, in: 0.1...600)
        problems.check("max_pow", maxPow, in: 0...24)
    }
}
