import Nostr

/// What the two sides of a session hold.
struct NegentropySides {
    /// What the client holds.
    var client: [NegentropyItem] = []
    /// What the server holds.
    var server: [NegentropyItem] = []

    /// Ids that only the client has.
    var have: Set<EventID> { Set(client.map(\.id)).subtracting(server.map(\.id)) }
    /// Ids that only the server has.
    var need: Set<EventID> { Set(server.map(\.id)).subtracting(client.map(\.id)) }
}
