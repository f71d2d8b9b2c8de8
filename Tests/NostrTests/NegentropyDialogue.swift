import Nostr

/// A session between our client and our server, message by message.
struct NegentropyDialogue {
    /// What was sent, the client's messages at even places.
    private(set) var messages: [[UInt8]] = []
    private(set) var have: [EventID] = []
    private(set) var need: [EventID] = []
    private(set) var client: NegentropyClient
    private let sides: NegentropySides
    private let server: NegentropyServer

    init(_ sides: NegentropySides, clientFrame: Int? = nil, serverFrame: Int? = nil) {
        self.sides = sides
        let limits = { NegentropyLimits(maxMessageBytes: 16 << 20, frameBytes: $0, maxRounds: 2000) }
        client = NegentropyClient(limits: limits(clientFrame))
        server = NegentropyServer(NegentropySet(sides.server), limits: limits(serverFrame))
    }

    /// All of the client's items are at hand in every round.
    mutating func runWithAllItems() throws {
        let items = NegentropySet(sides.client)
        try run(from: client.open(items)) { _ in items }
    }

    /// The client begins with day sums and then has only the items that it says it needs. Gives how many were loaded.
    mutating func runWithBuckets(of seconds: Int64) throws -> Int {
        let days = Dictionary(grouping: sides.client) { $0.createdAt.seconds / seconds }
        let buckets = days.sorted { $0.key > $1.key }.map {
            NegentropyBucket(start: UnixTime(seconds: $0.key * seconds), items: NegentropySet($0.value))
        }
        let window = UnixTime(seconds: 0)...UnixTime.max
        var loaded = 0
        let sides = sides
        try run(from: client.open(buckets: buckets)) { [client] message in
            let spans = client.spans(for: message, within: window)
            let items = sides.client.filter { item in spans.contains { $0.contains(item.createdAt) } }
            loaded += items.count
            return NegentropySet(items)
        }
        return loaded
    }

    private mutating func run(
        from first: [UInt8], loading items: (NegentropyMessage) -> NegentropySet
    ) throws {
        var next: [UInt8]? = first
        while let request = next {
            let answer = try server.answer(request)
            messages += [request, answer]
            let message = try NegentropyMessage.decode(answer, limits: .init(maxMessageBytes: 16 << 20))
            let round = try client.answer(message, with: items(message))
            have += round.have
            need += round.need
            next = round.reply
        }
    }
}
