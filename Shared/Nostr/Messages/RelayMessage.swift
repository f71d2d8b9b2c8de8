public import Crypto

/// What a relay sends to a client: NIP-01, NIP-42 (AUTH), NIP-45 (COUNT), NIP-67 (EOSE hint), NIP-77 (NEG-*).
///
/// Texts for people are cut to `MessageLimits.textBytes` as they are read; a relay may write books.
public enum RelayMessage: Sendable, Equatable {
    /// A stored or new event: where the inside of the subscription id and the event's JSON stand in the frame.
    ///
    /// Nothing of the event is looked at here: what is wrong with it, `EventParser` says.
    case event(subscription: Range<Int>, event: Range<Int>)
    /// The end of the stored events of a subscription, and whether more is behind it.
    case eose(subscription: String, hint: EOSEHint?)
    /// The relay ended a subscription, or refused a REQ or COUNT.
    case closed(subscription: String, prefix: ReasonPrefix?, message: String)
    /// A text for people; strfry also answers failed NEG-OPENs with it.
    case notice(String)
    /// The answer to an EVENT or AUTH.
    case ok(EventID, isAccepted: Bool, message: String)
    /// A challenge to authenticate with (NIP-42); may come at any time, even first.
    case auth(challenge: String)
    /// How many events match (NIP-45), nil when it is no integer of 0...2^63-1; `isApproximate` with strfry's `limited`
    /// too. `registers` are the 256 of the HyperLogLog estimate, when sent.
    case count(subscription: String, count: Int64?, isApproximate: Bool, registers: [UInt8]?)
    /// A round of set reconciliation (NIP-77), decoded from hex; nil when it is no hex.
    case negMessage(subscription: String, message: [UInt8]?)
    /// Reconciliation refused; `maxRecords` is strfry's fourth element, the most records it would reconcile.
    case negError(subscription: String, reason: String, maxRecords: Int64?)

    /// The message in one text frame. Elements that later versions may add behind the known ones are skipped.
    public static func parse(
        _ bytes: UnsafeBufferPointer<UInt8>, limits: MessageLimits = .init()
    ) throws(ProtocolError) -> RelayMessage {
        var reader = try RelayMessageReader(bytes, limits: limits)
        return try reader.read()
    }
}
