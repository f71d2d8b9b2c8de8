internal import Crypto
internal import Nostr
internal import RelayClient

/// A page after parsing: every event with its place in the raw bytes, and what was refused and why.
struct FetchedPage: Sendable {
    /// What is taken of one event.
    struct Limits: Sendable {
        /// The socket bounds messages, and with them events.
        var event = EventLimits.anySize
        /// Bytes kept of one that is refused.
        var quarantineBytes = 65_536
    }

    /// One event whose shape and id are right; its signature is not checked yet.
    struct Item: Sendable {
        /// What the parser found.
        let event: ParsedEvent
        /// Index into `chunks`.
        let chunk: Int
        /// Place of the event's JSON in that chunk.
        let range: Range<Int>
    }

    /// An event that is not stored.
    struct Rejected: Sendable, Equatable {
        /// Stable word, for the quarantine and the metrics.
        let reason: String
        /// SHA-256 of the bytes as received.
        let digest: Bytes32
        /// The bytes as received, cut at the quarantine's limit.
        let bytes: [UInt8]
    }

    /// What a walk decides by.
    private(set) var facts: PageFacts
    /// Events inside the asked interval, no id twice.
    let items: [Item]
    /// Further copies of these, under other signatures.
    let copies: [Item]
    /// Events that failed shape, id or limits.
    let rejected: [Rejected]
    /// Why it ended, where the reason alone does not say it: "message_too_large".
    let failure: String?

    /// What it holds of the memory of all.
    let loan: PageLoan?

    private let chunks: [EventChunk]
    private let quarantineBytes: Int

    /// Bytes of event JSON received.
    var byteCount: Int { chunks.reduce(0) { $0 + $1.bytes.count } }

    /// Parses a raw page.
    init(_ raw: RawPage, request: PageRequest, limits: Limits = Limits()) {
        var parser = EventParser(limits: limits.event)
        var events = EventCopies(capacity: raw.chunks.reduce(0) { $0 + $1.ranges.count })
        var rejected: [Rejected] = []
        var tally = Tally(request)
        for (index, chunk) in raw.chunks.enumerated() {
            chunk.bytes.withUnsafeBufferPointer { bytes in
                for range in chunk.ranges.map({ $0.clamped(to: bytes.indices) }) {
                    tally.received += 1
                    let json = UnsafeBufferPointer(rebasing: bytes[range])
                    do throws(EventError) {
                        let event = try parser.parse(json)
                        guard tally.isInside(event, json) else { continue }
                        events.add(Item(event: event, chunk: index, range: range))
                    } catch {
                        rejected.append(Self.rejection(json, error.kind, limit: limits.quarantineBytes))
                        tally.place(RejectedEvent.claimedCreatedAt(json))
                    }
                }
            }
        }
        items = events.first
        copies = events.further
        self.rejected = rejected
        chunks = raw.chunks
        quarantineBytes = limits.quarantineBytes
        failure = raw.failure
        loan = raw.loan
        var facts = PageFacts(
            ending: raw.ending, events: items.map { EventStamp($0.event) }, received: tally.received,
            older: tally.older, newer: tally.newer)
        facts.foreign = tally.foreign
        facts.ghosts = tally.ghosts
        facts.claims = tally.claims
        facts.endsConnection = raw.failure != nil
        facts.unplaced = tally.unplaced
        self.facts = facts
    }

    /// No decision rests on the events whose signatures are wrong.
    mutating func leaveOutForged(of prepared: PreparedPage) {
        if !prepared.rejected.isEmpty { facts.keep(prepared.delivered) }
    }

    /// The database columns of one event.
    func materialised(_ item: Item) -> Event {
        chunks[item.chunk].bytes.withUnsafeBufferPointer {
            item.event.materialised(from: UnsafeBufferPointer(rebasing: $0[item.range]))
        }
    }

    /// An event that shape and id let pass but its signature did not.
    func rejection(_ item: Item, reason: String) -> Rejected {
        chunks[item.chunk].bytes.withUnsafeBufferPointer {
            Self.rejection(UnsafeBufferPointer(rebasing: $0[item.range]), reason, limit: quarantineBytes)
        }
    }

    private static func rejection(_ json: UnsafeBufferPointer<UInt8>, _ reason: String, limit: Int) -> Rejected {
        Rejected(reason: reason, digest: SHA256.hash(UnsafeRawBufferPointer(json)), bytes: Array(json.prefix(limit)))
    }

    /// Counts what lies outside the asked interval.
    private struct Tally {
        var received = 0
        var older = 0
        var newer = 0
        var foreign = 0
        var ghosts: [UnixTime] = []
        var claims: [UnixTime] = []
        var unplaced = 0
        private let request: PageRequest
        private let kinds: Set<UInt16>?
        private let authors: Set<PublicKey>?
        private let ids: Set<EventID>?
        private let tags: Filter

        init(_ request: PageRequest) {
            self.request = request
            kinds = request.kinds.map(Set.init)
            authors = request.authors.map(Set.init)
            ids = request.ids.map(Set.init)
            tags = Filter(tags: request.tags)
        }

        /// Notes what a rejected event says of its time.
        mutating func place(_ second: UnixTime?) {
            guard let second else {
                unplaced += 1
                return
            }
            if let since = request.since, second < since { return }
            if let until = request.until, second > until { return }
            claims.append(second)
        }

        mutating func isInside(_ event: ParsedEvent, _ json: UnsafeBufferPointer<UInt8>) -> Bool {
            if let since = request.since, event.createdAt < since {
                older += 1
                return false
            }
            if let until = request.until, event.createdAt > until {
                newer += 1
                return false
            }
            let isAsked =
                kinds?.contains(event.kind) ?? true && authors?.contains(event.pubkey) ?? true
                && ids?.contains(event.id) ?? true && tags.matches(event, in: json)
            if !isAsked {
                foreign += 1
                ghosts.append(event.createdAt)
            }
            return isAsked
        }
    }
}
