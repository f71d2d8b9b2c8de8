internal import Crypto

/// What a client sends to a relay: NIP-01, NIP-42 (AUTH), NIP-45 (COUNT), NIP-77 (NEG-*).
public enum ClientMessage: Sendable, Equatable {
    /// Asks for stored and new events. The subscription id has 1...64 characters; filters are "one of".
    case req(String, [Filter])
    /// Ends a subscription.
    case close(String)
    /// Publishes an event.
    case event(Event)
    /// Answers a challenge with a signed event of kind 22242.
    case auth(Event)
    /// Asks how many stored events match.
    case count(String, [Filter])
    /// Begins set reconciliation over one filter with a first message of bytes.
    case negOpen(String, Filter, [UInt8])
    /// A round of set reconciliation.
    case negMessage(String, [UInt8])
    /// Ends set reconciliation.
    case negClose(String)

    /// The text frame: one JSON array.
    public func encode() -> [UInt8] {
        switch self {
        case .req(let subscription, let filters): Self.frame("REQ", subscription) { Self.append(filters, &$0) }
        case .close(let subscription): Self.frame("CLOSE", subscription) { _ in }
        case .event(let event): Array("[\"EVENT\",".utf8) + event.json + "]".utf8
        case .auth(let event): Array("[\"AUTH\",".utf8) + event.json + "]".utf8
        case .count(let subscription, let filters): Self.frame("COUNT", subscription) { Self.append(filters, &$0) }
        case .negOpen(let subscription, let filter, let message):
            Self.frame("NEG-OPEN", subscription) {
                Self.append([filter], &$0)
                Self.appendHex(message, &$0)
            }
        case .negMessage(let subscription, let message):
            Self.frame("NEG-MSG", subscription) { Self.appendHex(message, &$0) }
        case .negClose(let subscription): Self.frame("NEG-CLOSE", subscription) { _ in }
        }
    }

    private static func frame(_ name: String, _ subscription: String, _ rest: (inout [UInt8]) -> Void) -> [UInt8] {
        var output = Array("[\"\(name)\",\"".utf8)
        CanonicalJSON.appendString(subscription.utf8, to: &output)
        output.append(UInt8(ascii: "\""))
        rest(&output)
        output.append(UInt8(ascii: "]"))
        return output
    }

    private static func append(_ filters: [Filter], _ output: inout [UInt8]) {
        for filter in filters {
            output.append(UInt8(ascii: ","))
            filter.encode(into: &output)
        }
    }

    private static func appendHex(_ message: [UInt8], _ output: inout [UInt8]) {
        output.append(contentsOf: ",\"".utf8)
        Hex.append(message, to: &output)
        output.append(UInt8(ascii: "\""))
    }
}
