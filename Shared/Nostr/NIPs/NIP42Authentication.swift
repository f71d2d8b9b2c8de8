/// The answer to a relay's challenge (NIP-42): says who is connected, to this relay and for this connection alone.
public enum NIP42Authentication {
    /// Never stored, here or by relays.
    public static let kind: UInt16 = 22_242

    /// The answer, to be signed by the key that one wants to be known by.
    /// - Parameter time: when it is made; relays allow about ten minutes of difference.
    public static func answer(to challenge: String, of relay: RelayURL, at time: UnixTime) -> UnsignedEvent {
        UnsignedEvent(createdAt: time, kind: kind, tags: [["relay", relay.text], ["challenge", challenge]])
    }
}
