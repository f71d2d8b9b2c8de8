import Crypto
import Foundation

/// A filter as the fake relay read it from a REQ, by Foundation's JSON and by no code of the product.
public struct FakeRelayFilter: Sendable, Equatable {
    /// Lowercase hex, as sent.
    public let ids: [String]?
    /// Lowercase hex, as sent.
    public let authors: [String]?
    /// As sent.
    public let kinds: [Int]?
    /// Seconds, inclusive.
    public let since: Int64?
    /// Seconds, inclusive.
    public let until: Int64?
    /// As sent.
    public let limit: Int?
    /// Values by letter, without the "#".
    public let tags: [String: [String]]

    init?(_ json: Any) {
        guard let object = json as? [String: Any] else { return nil }
        ids = object["ids"] as? [String]
        authors = object["authors"] as? [String]
        kinds = object["kinds"] as? [Int]
        since = (object["since"] as? NSNumber)?.int64Value
        until = (object["until"] as? NSNumber)?.int64Value
        limit = object["limit"] as? Int
        let tagged = object.filter { $0.key.hasPrefix("#") }.map {
            (String($0.key.dropFirst()), $0.value as? [String] ?? [])
        }
        tags = Dictionary(uniqueKeysWithValues: tagged)
    }

    /// Whether an event matches; bounds in time may be left out.
    func matches(_ event: SampleEvent, ignoringSince: Bool = false, ignoringUntil: Bool = false) -> Bool {
        if let since, !ignoringSince, event.createdAt < since { return false }
        if let until, !ignoringUntil, event.createdAt > until { return false }
        if let kinds, !kinds.contains(Int(event.kind)) { return false }
        if let ids, !ids.contains(event.id.hex) { return false }
        if let authors, !authors.contains(event.publicKey.hex) { return false }
        return tags.isEmpty || matchesTags(event)
    }

    /// Whether an event stands in a second that is one of its bounds, for a relay that leaves those out.
    func isAtBound(_ event: SampleEvent, of behaviour: FakeRelayBehaviour) -> Bool {
        behaviour.hasExclusiveBounds && (since == event.createdAt || until == event.createdAt)
    }

    private func matchesTags(_ event: SampleEvent) -> Bool {
        let object = try? JSONSerialization.jsonObject(with: Data(event.json)) as? [String: Any]
        let eventTags = object?["tags"] as? [[String]] ?? []
        return tags.allSatisfy { letter, values in
            eventTags.contains { $0.count > 1 && $0[0] == letter && values.contains($0[1]) }
        }
    }
}

/// A REQ that the fake relay received, and what it sent for it.
public struct FakeRelayRequest: Sendable, Equatable {
    /// Counts connections from 1.
    public let connection: Int
    /// The subscription id.
    public let subscription: String
    /// As sent.
    public let filters: [FakeRelayFilter]
    /// Events sent for it so far, in that order, those of its stored part.
    public internal(set) var sent: [SampleEvent] = []
    /// Whether CLOSE came for it.
    public internal(set) var isClosed = false
}
