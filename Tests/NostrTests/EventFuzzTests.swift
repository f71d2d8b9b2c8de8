import Crypto
import Foundation
import Testing

@testable import Nostr

/// Mutated events through our parser and through Foundation's decoder: no crash, no read past the end, and every
/// difference in what they accept has a known reason.
@Suite struct EventFuzzTests {
    /// What Foundation's decoder takes for an event. It knows nothing of ids, so only the shape can be compared.
    private struct Shape: Decodable {
        let id: String
        let pubkey: String
        let sig: String
        let content: String
        let kind: UInt16
        let created_at: Int64
        let tags: [[String]]
    }

    /// SplitMix64: the same numbers for the same seed in every run.
    private struct Random: RandomNumberGenerator {
        var state: UInt64
        mutating func next() -> UInt64 {
            state &+= 0x9E37_79B9_7F4A_7C15
            var value = state
            value = (value ^ value >> 30) &* 0xBF58_476D_1CE4_E5B9
            value = (value ^ value >> 27) &* 0x94D0_49BB_1331_11EB
            return value ^ value >> 31
        }
    }

    /// Bytes that matter to JSON and UTF-8, put where they are most likely to do harm.
    private static let pieces: [[UInt8]] =
        [
            "\"", "\\", "\\u", "\\u0000", "\\ud83d", "\\ude00", "\\ud83d\\ude00", "\\/", "\\n", "\\u007f", "{", "}",
            "[", "]",
            ",", ":", "-", "0", "9", ".", "e", "E5", "null", "true", " ", "\n", "\t", "[[", "]]", "{}", "\"\":1,",
            "\u{7F}",
            "é", "😀", "\u{FEFF}", ",\"x\":", "\"id\":", "65536", "18446744073709551616", "A", "\u{0}", "\u{1F}",
        ].map { Array($0.utf8) } + [[0x80], [0xC0, 0xAF], [0xED, 0xA0, 0xBD], [0xF4, 0x90, 0x80, 0x80], [0xFF]]

    private static let seeds: [[UInt8]] = [
        Fixtures.event().json,
        Fixtures.event(kind: 5, tags: [["e", Fixtures.pubkey], [], ["a", "30023:x:\\\"d"]], content: "a\nb\t\"c\"")
            .json,
        Fixtures.event(kind: 30023, tags: [["d", "日本"], ["t", "😀\u{7F}"]], content: "\u{1}\u{0} é / \\").json,
        Array(
            Fixtures.json(
                tags: #"[ [ "e" , "x" ] ]"#, canonicalTags: #"[["e","x"]]"#, extra: #","x":[1.5e3,{"y":null}]"#
            ).utf8),
    ]

    private static func mutate(_ seed: [UInt8], _ random: inout Random) -> [UInt8] {
        var json = seed
        for _ in 0..<Int.random(in: 1...2, using: &random) {
            // Two in three places lie behind the hex of id and pubkey and before that of sig: more is accepted so.
            let isInside = json.count > 320 && Int.random(in: 0..<3, using: &random) > 0
            let place = Int.random(in: isInside ? 145...(json.count - 140) : 0...json.count, using: &random)
            let size = min(Int.random(in: 0...4, using: &random), json.count - place)
            switch Int.random(in: 0..<5, using: &random) {
            case 0: json.replaceSubrange(place..<(place + size), with: pieces.randomElement(using: &random) ?? [])
            case 1: json.insert(contentsOf: pieces.randomElement(using: &random) ?? [], at: place)
            case 2: json.removeSubrange(place..<(place + size))
            case 3: if place < json.count { json[place] ^= 1 << UInt8.random(in: 0..<8, using: &random) }
            default:
                let from = Int.random(in: 0...json.count, using: &random)
                json.insert(contentsOf: json[from..<min(from + 12, json.count)], at: place)
            }
        }
        return json
    }

    @Test(arguments: 1...8) func `agrees with Foundation, or differs for a known reason`(_ seed: UInt64) {
        var random = Random(state: seed)
        var accepted = 0
        for round in 0..<2500 {
            let json = Self.mutate(Self.seeds[round % Self.seeds.count], &random)
            let theirs = Self.theirs(json)
            switch Self.shape(json) {
            case .success(let ours):
                accepted += 1
                Self.compare(json, ours, theirs, "seed \(seed) round \(round)")
            case .failure(let error):
                let isExplained = theirs == nil || Self.isStricter(error) || Self.hasCommaAtEnd(json)
                #expect(isExplained, "seed \(seed) round \(round): only we refuse, \(error): \(String(json))")
            }
        }
        #expect(accepted > 200, "too few accepted events to compare")
    }

    /// Foundation's opinion. Its decoder checks only what it reads (`"x":00` passes), so the whole text goes through
    /// its serialisation too.
    private static func theirs(_ json: [UInt8]) -> Shape? {
        guard (try? JSONSerialization.jsonObject(with: Data(json))) != nil else { return nil }
        return try? JSONDecoder().decode(Shape.self, from: Data(json))
    }

    /// The shape alone, as a mutation nearly always breaks the id. Whole parsing must not trap either.
    private static func shape(_ json: [UInt8]) -> Result<Event, EventError> {
        _ = try? Fixtures.columns(json)
        let memory = UnsafeMutableBufferPointer<UInt8>.allocate(capacity: json.count)
        defer { memory.deallocate() }
        _ = memory.initialize(from: json)
        let bytes = UnsafeBufferPointer(memory)
        do throws(EventError) {
            var reader = EventReader(bytes, limits: .init())
            return .success(try reader.read().materialised(from: bytes))
        } catch {
            return .failure(error)
        }
    }

    @Test(arguments: 1...4) func `no mutated frame and no mutated URL makes us trap`(_ seed: UInt64) {
        var random = Random(state: seed)
        let frames = RelayMessageTests.readings.map { Array($0.0.utf8) } + [Array("[\"EVENT\",\"s\",{}]".utf8)]
        let urls = RelayURLTests.spellings.map { Array($0.0.utf8) }
        var outcomes = Set<String>()
        for round in 0..<4000 {
            let frame = Self.mutate(frames[round % frames.count], &random)
            do throws(ProtocolError) {
                _ = try frame.withUnsafeBufferPointer { bytes throws(ProtocolError) in try RelayMessage.parse(bytes) }
                outcomes.insert("frame")
            } catch { outcomes.insert(error.kind) }
            let text = String(Self.mutate(urls[round % urls.count], &random))
            do throws(RelayURLError) {
                let url = try RelayURL.parse(text)
                outcomes.insert("url")
                #expect((try? RelayURL.parse(url.text)) == url, "seed \(seed) round \(round): \(text)")
                #expect(url.text.utf8.allSatisfy { (0x21...0x7E).contains($0) } && url.text.utf8.count <= 2048)
            } catch { outcomes.insert(error.kind) }
        }
        #expect(
            outcomes.isSuperset(of: ["frame", "url", "not_json", "bad_message", "bad_host", "forbidden_character"]))
    }

    /// What both accept must be the same; what only we accept is listed.
    private static func compare(_ json: [UInt8], _ ours: Event, _ theirs: Shape?, _ name: String) {
        guard let theirs else {
            // Foundation refuses half a surrogate pair and huge numbers even in members that nobody reads.
            let text = String(json)
            let isKnown =
                text.contains("\\ud") || text.contains("\\uD") || text.contains("\"x\"") || text.contains("E5")
            return #expect(isKnown, "\(name): only we accept: \(text)")
        }
        let kept = { (text: String) in text.replacing("\0", with: "\u{FFFD}") }
        #expect(ours.id.hex == theirs.id && ours.pubkey.hex == theirs.pubkey && ours.signature.hex == theirs.sig)
        #expect(ours.kind == theirs.kind && ours.createdAt.seconds == theirs.created_at, "\(name)")
        #expect(Array(kept(theirs.content).utf8) == ours.content, "\(name)")
        #expect(
            ours.tags.map { $0.map { Array($0.utf8) } } == theirs.tags.map { $0.map { Array(kept($0).utf8) } },
            "\(name)")
    }

    /// Foundation takes a comma before a closing bracket, which RFC 8259 does not allow.
    private static func hasCommaAtEnd(_ json: [UInt8]) -> Bool {
        let dense = json.filter { !" \n\r\t".utf8.contains($0) }
        return zip(dense, dense.dropFirst()).contains { $0 == UInt8(ascii: ",") && "]}".utf8.contains($1) }
    }

    /// Refusals of ours that Foundation does not share, each on purpose.
    private static func isStricter(_ error: EventError) -> Bool {
        switch error {
        case .badHex, .uppercaseHex: true  // it reads them as any text
        case .duplicateKey: true  // it takes the first
        case .fractionalNumber, .exponentNumber: true  // it takes 1.0 and 1e9 for integers
        case .byteOrderMark: true  // it skips it
        case .tooDeep: true  // it stops at 512
        case .negativeCreatedAt: true  // it reads Int64
        case .kindOutOfRange: true  // -0
        default: false
        }
    }
}
