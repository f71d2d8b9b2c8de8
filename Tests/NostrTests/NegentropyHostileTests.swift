import Crypto
import Support
import Testing

@testable import Nostr

/// Relays and clients that err or lie: nothing traps, nothing is without end, and nothing is lost by it.
@Suite struct NegentropyHostileTests {
    private static let recipe = NegentropyRecipe(
        name: "", seed: 4, count: 300, first: 1_700_000_000, seconds: 5, zeroBytes: 3, clientOnly: 60_000,
        serverOnly: 60_000)

    private static func dialogue() throws -> NegentropyDialogue {
        var dialogue = NegentropyDialogue(recipe.sides(), clientFrame: 4_096, serverFrame: 4_096)
        try dialogue.runWithAllItems()
        return dialogue
    }

    /// Flips, cuts, inserts and doubles bytes, mostly near the front, where bounds and counts are.
    private static func mutate(_ message: [UInt8], _ random: inout SplitMix64) -> [UInt8] {
        var bytes = message
        for _ in 0..<Int.random(in: 1...3, using: &random) {
            let isFront = Bool.random(using: &random)
            let place = Int.random(in: 0...(isFront ? min(bytes.count, 40) : bytes.count), using: &random)
            let size = min(Int.random(in: 0...5, using: &random), bytes.count - place)
            switch Int.random(in: 0..<6, using: &random) {
            case 0: bytes.removeSubrange(place...)
            case 1: bytes.removeSubrange(place..<(place + size))
            case 2: bytes.insert(contentsOf: bytes[place..<(place + size)], at: place)
            case 3: bytes.insert([0, 1, 2, 0x20, 0x7F, 0x80, 0xFF].randomElement(using: &random) ?? 0, at: place)
            default: if place < bytes.count { bytes[place] ^= 1 << UInt8.random(in: 0..<8, using: &random) }
            }
        }
        return bytes
    }

    @Test(arguments: 1...10) func `no mutated message makes us trap, and every answer can be read`(
        _ seed: UInt64
    ) throws {
        var random = SplitMix64(seed: seed)
        let originals = try Self.dialogue().messages
        let sides = Self.recipe.sides()
        let items = NegentropySet(sides.client)
        let server = NegentropyServer(NegentropySet(sides.server), limits: .init(frameBytes: 4_096))
        var outcomes: [String: Int] = [:]
        for number in 0..<1_000 {
            let bytes = Self.mutate(originals[number % originals.count], &random)
            do throws(NegentropyError) {
                let message = try NegentropyMessage.decode(bytes)
                outcomes["read", default: 0] += 1
                var client = NegentropyClient(limits: .init(frameBytes: 4_096))
                _ = client.open(items)
                let spans = client.spans(for: message, within: UnixTime(seconds: 0)...UnixTime.max)
                if spans.count > 1 { outcomes["spans", default: 0] += 1 }
                #expect(zip(spans, spans.dropFirst()).allSatisfy { $0.upperBound < $1.lowerBound })
                if let reply = try client.answer(message, with: items).reply {
                    _ = try NegentropyMessage.decode(reply, limits: .init(maxMessageBytes: 4_096))
                }
                _ = try NegentropyMessage.decode(try server.answer(bytes), limits: .init(maxMessageBytes: 4_096))
            } catch {
                outcomes[error.kind, default: 0] += 1
            }
        }
        let seen = Set(outcomes.keys)
        #expect(
            seen.isSuperset(of: [
                "read", "spans", "truncated", "unknown_mode", "id_prefix_too_long", "bounds_not_ascending",
            ]),
            "seed \(seed): \(outcomes)")
        #expect(seen.isDisjoint(with: ["message_too_long", "too_many_rounds", "unexpected_message"]))
    }

    @Test func `every cut of a message is refused or ends with a range`() throws {
        for message in try Self.dialogue().messages {
            let whole = try NegentropyMessage.decode(message).ranges
            for count in 0..<message.count {
                let ranges = try? NegentropyMessage.decode(Array(message.prefix(count))).ranges
                #expect(ranges.map { $0 == Array(whole.prefix($0.count)) && $0.count < whole.count } ?? true)
            }
        }
    }

    @Test func `a list of a billion ids is refused before there is memory for it`() {
        let announced: [UInt8] = [0x61, 0, 0, 2, 0x83, 0xDC, 0xD6, 0xBF, 0x00]
        let server = NegentropyServer(NegentropySet())
        #expect(throws: NegentropyError.idListTooLong) {
            try server.answer(announced + [UInt8](repeating: 0, count: 1_000_000))
        }
    }

    @Test func `a relay that never comes to an end is left after so many rounds`() throws {
        let items = NegentropySet(Self.recipe.sides().client)
        var client = NegentropyClient(limits: .init(maxRounds: 5))
        var writer = NegentropyWriter()
        writer.range(to: .infinity, NegentropySum().fingerprint)
        let message = try NegentropyMessage.decode(writer.bytes)
        _ = client.open(items)
        for _ in 0..<5 { #expect(try client.answer(message, with: items).reply != nil) }
        #expect(throws: NegentropyError.tooManyRounds) { try client.answer(message, with: items) }
        #expect(throws: NegentropyError.unexpectedMessage) { try client.answer(message, with: items) }
    }

    @Test func `a relay that invents ids is left after so many bytes, and each is reported once`() throws {
        var client = NegentropyClient(limits: .init(maxSessionBytes: 10_000))
        _ = client.open(NegentropySet())
        var random = SplitMix64(seed: 9)
        let ids = (0..<50).map { _ in NegentropyFixtures.item(at: 7, &random) }
        var writer = NegentropyWriter()
        writer.range(to: NegentropyBound(timestamp: 9), ids[...])
        // Something to ask about, so that the session goes on.
        writer.range(to: .infinity, NegentropyFixtures.fingerprint(of: ids))
        let message = try NegentropyMessage.decode(writer.bytes)
        #expect(try client.answer(message, with: NegentropySet()).need == ids.map(\.id))
        for _ in 0..<5 { #expect(try client.answer(message, with: NegentropySet()).need == []) }
        #expect(throws: NegentropyError.tooManyBytes) { try client.answer(message, with: NegentropySet()) }
    }

    @Test func `an id that is listed twice is one id`() throws {
        var random = SplitMix64(seed: 3)
        let (ours, theirs) = (NegentropyFixtures.item(at: 1, &random), NegentropyFixtures.item(at: 2, &random))
        var writer = NegentropyWriter()
        writer.range(to: .infinity, [ours, theirs, theirs, ours])
        var client = NegentropyClient()
        _ = client.open(NegentropySet([ours]))
        let round = try client.answer(try NegentropyMessage.decode(writer.bytes), with: NegentropySet([ours]))
        #expect(round == NegentropyRound(have: [], need: [theirs.id], reply: nil))
    }

    @Test func `a message before the first or after the last is not expected`() throws {
        let message = try NegentropyMessage.decode([0x61])
        var client = NegentropyClient()
        #expect(throws: NegentropyError.unexpectedMessage) { try client.answer(message, with: NegentropySet()) }
        _ = client.open(NegentropySet())
        #expect(try client.answer(message, with: NegentropySet()).reply == nil)
        #expect(throws: NegentropyError.unexpectedMessage) { try client.answer(message, with: NegentropySet()) }
    }

    @Test func `a server answers other versions with its own, and what is no version not at all`() throws {
        let server = NegentropyServer(NegentropySet())
        #expect(try server.answer([0x62, 1, 2, 3]) == [0x61] && server.answer([0x60]) == [0x61])
        #expect(throws: NegentropyError.unsupportedVersion) { try server.answer([0x70]) }
        #expect(throws: NegentropyError.truncated) { try server.answer([]) }
    }

    /// Many ranges that differ, then one in which the other side says that it has nothing. Where the frame becomes full
    /// just there, the reference answers with a fingerprint that the other side takes for equality.
    @Test(arguments: 4...24) func `what follows a full frame is not lost to a side that has nothing there`(
        _ ranges: UInt64
    ) throws {
        var random = SplitMix64(seed: ranges)
        var sides = NegentropySides()
        var writer = NegentropyWriter()
        for second in 0...ranges {
            let items = (0..<40).map { _ in NegentropyFixtures.item(at: second, &random) }
            sides.client += items
            guard second < ranges else { break }
            sides.server += items.dropFirst()
            writer.range(
                to: NegentropyBound(timestamp: second + 1), NegentropyFixtures.fingerprint(of: items.dropFirst()))
        }
        writer.range(to: .infinity, NegentropySum().fingerprint)
        let items = NegentropySet(sides.client)
        let server = NegentropyServer(NegentropySet(sides.server))
        var client = NegentropyClient(limits: .init(frameBytes: 4_096))
        _ = client.open(items)
        var round = try client.answer(try NegentropyMessage.decode(writer.bytes), with: items)
        var have = round.have
        while let reply = round.reply {
            round = try client.answer(try NegentropyMessage.decode(try server.answer(reply)), with: items)
            have += round.have
            #expect(round.need.isEmpty)
        }
        #expect(Set(have) == sides.have && have.count == sides.have.count)
    }
}
