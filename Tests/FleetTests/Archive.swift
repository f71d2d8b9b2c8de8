import Crypto
import Database
import Foundation
import Nostr
import Support

/// What the tables of the archive hold, read by plain statements, and what follows from it by independent arithmetic.
struct Archive {
    /// One row of `events`.
    struct StoredEvent {
        let number: Int64
        let id: Bytes32
        let publicKey: Bytes32
        let createdAt: Int64
        let kind: Int
        let signature: Bytes64
        let tags: [[String]]
        let content: String
        /// As received, where the columns cannot hold it.
        let raw: [UInt8]?
    }

    /// One row of `events_relays`.
    struct Sighting: Hashable {
        let event: Int64
        let relay: Int32
        let createdAt: Int64
        /// The relay was found to have it no more.
        let isGone: Bool
    }

    /// One row of `relay_day`.
    struct Day: Hashable {
        let relay: Int32
        let day: Int32
    }

    /// A row whose columns do not hold what they should.
    struct Unreadable: Error { let what: String }

    let events: [StoredEvent]
    let sightings: [Sighting]
    let relays: [Int32: String]
    /// Number of events and sum of ids, empty days left out.
    let days: [Day: (count: Int, sum: [UInt8])]
    /// The `events` of all rows of `event_batches`.
    let batched: [Int64]

    /// Reads everything in one snapshot.
    init(_ pool: Pool) async throws {
        (events, sightings, relays, days, batched) = try await pool.withTransaction { connection in
            try await connection.query("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ", timeout: .seconds(10))
            let events = try await connection.query(Self.allEvents, timeout: .seconds(60)).map(Self.event)
            let sightings = try await connection.query(Self.allSightings, timeout: .seconds(60)).map {
                let (event, relay, createdAt, isGone) = try $0.decode(
                    Int64.self, Int32.self, Int64.self, Bool.self)
                return Sighting(event: event, relay: relay, createdAt: createdAt, isGone: isGone)
            }
            let relays = try await connection.query(Self.allRelays, timeout: .seconds(60)).map {
                try $0.decode(Int32.self, String.self)
            }
            let days = try await connection.query(Self.allDays, timeout: .seconds(60)).map {
                let (relay, day, count, sum) = try $0.decode(Int32.self, Int32.self, Int32.self, Bytes32.self)
                return (Day(relay: relay, day: day), (count: Int(count), sum: sum.bytes))
            }
            let batched = try await connection.query(Self.allBatches, timeout: .seconds(60)).map {
                try $0.decode(Int64.self, at: 0)
            }
            return (
                events, sightings, Dictionary(uniqueKeysWithValues: relays), Dictionary(uniqueKeysWithValues: days),
                batched
            )
        }
    }

    private static let allEvents: NamedStatement = """
        SELECT id, event_id, pubkey, created_at, kind, sig, tags::text, content, raw FROM events
        """
    private static let allSightings: NamedStatement = """
        SELECT event, relay_id, created_at, gone_at IS NOT NULL FROM events_relays
        """
    private static let allRelays: NamedStatement = "SELECT relay_id, relay_url FROM relays"
    private static let allDays: NamedStatement = "SELECT relay_id, day, n, idsum FROM relay_day WHERE n > 0"
    private static let allBatches: NamedStatement = "SELECT unnest(events) FROM event_batches"

    private static func event(_ row: Row) throws -> StoredEvent {
        let (number, id, key, createdAt, kind) = try row.decode(
            Int64.self, Bytes32.self, Bytes32.self, Int64.self, Int32.self)
        let tags = try JSONSerialization.jsonObject(with: Data(try row.decode(String.self, at: 6).utf8))
        guard let tags = tags as? [[String]] else { throw Unreadable(what: id.hex) }
        return StoredEvent(
            number: number, id: id, publicKey: key, createdAt: createdAt, kind: Int(kind),
            signature: try row.decode(at: 5),
            tags: tags,
            content: try row.decode(at: 7), raw: try row.decode(Bytea?.self, at: 8)?.bytes)
    }

    /// Ids of all events.
    var ids: Set<Bytes32> { Set(events.map(\.id)) }

    /// Ids by the URL of the relay on which they were seen.
    var idsByRelay: [String: Set<Bytes32>] {
        let ids = Dictionary(uniqueKeysWithValues: events.map { ($0.number, $0.id) })
        return sightings.reduce(into: [:]) { sets, sighting in
            guard let id = ids[sighting.event], let url = relays[sighting.relay] else { return }
            sets[url, default: []].insert(id)
        }
    }
}

extension Archive.StoredEvent {
    /// The canonical form by NIP-01, "Events and signatures": an array of 0, key, time, kind, tags and content.
    private var canonical: [UInt8] {
        var json = [UInt8](#"[0,"\#(publicKey.hex)",\#(createdAt),\#(kind),"#.utf8)
        JSONWriter.append(tags, to: &json)
        json.append(UInt8(ascii: ","))
        JSONWriter.append(content, to: &json)
        return json + [UInt8(ascii: "]")]
    }

    /// The columns, or what was received where they cannot hold it, say what was signed: hashed again they give the id,
    /// and the signature is over that.
    func isAuthentic(_ verifier: SchnorrVerifier) -> Bool {
        SHA256.hash(received?.canonical ?? canonical) == id
            && verifier.isValid(signature: signature, message: id, publicKey: publicKey)
    }

    /// The same with the texts of `raw`, read by Foundation; nil where there is none.
    private var received: Archive.StoredEvent? {
        guard let raw, let object = try? JSONSerialization.jsonObject(with: Data(raw)) as? [String: Any],
            let tags = object["tags"] as? [[String]], let content = object["content"] as? String
        else { return nil }
        return Archive.StoredEvent(
            number: number, id: id, publicKey: publicKey, createdAt: createdAt, kind: kind, signature: signature,
            tags: tags, content: content, raw: nil)
    }

    /// The class of the kind by NIP-01.
    var kindClass: String {
        switch kind {
        case 0, 3, 10_000..<20_000: "replaceable"
        case 20_000..<30_000: "ephemeral"
        case 30_000..<40_000: "addressable"
        default: "regular"
        }
    }

    /// "kind:key:d" of a replaceable or addressable event.
    var address: String? {
        switch kindClass {
        case "replaceable": "\(kind):\(publicKey.hex):"
        case "addressable": "\(kind):\(publicKey.hex):\(tags.first { $0.first == "d" && $0.count > 1 }?[1] ?? "")"
        default: nil
        }
    }
}

extension Archive {
    /// The sum of ids as little-endian numbers modulo 2^256 (NIP-77, "Fingerprint Algorithm"), byte by byte.
    static func sum(_ ids: some Sequence<Bytes32>) -> [UInt8] {
        ids.reduce([UInt8](repeating: 0, count: 32)) { sum, id in
            var carry = 0
            return zip(sum, id.bytes).map { left, right in
                carry += Int(left) + Int(right)
                defer { carry >>= 8 }
                return UInt8(carry & 255)
            }
        }
    }
}
