import Crypto
import Support
import Testing

@testable import Nostr

/// Our client with our server.
@Suite struct NegentropySessionTests {
    private static func recipe(_ random: inout SplitMix64, _ name: String) -> NegentropyRecipe {
        let parts: [UInt64] = [0, 300, 3_000, 30_000, 300_000, 1_000_000]
        let clientOnly = parts.randomElement(using: &random) ?? 0
        return NegentropyRecipe(
            name: name, seed: random.next(), count: Int.random(in: 0...1500, using: &random),
            first: UInt64.random(in: 0...(1 << 34), using: &random),
            seconds: [1, 20, 5_000, 20_000_000].randomElement(using: &random) ?? 1,
            zeroBytes: [0, 2, 28].randomElement(using: &random) ?? 0, clientOnly: clientOnly,
            serverOnly: min(parts.randomElement(using: &random) ?? 0, 1_000_000 - clientOnly))
    }

    private static func frame(_ random: inout SplitMix64) -> Int? {
        Bool.random(using: &random) ? Int.random(in: 4_096...12_000, using: &random) : nil
    }

    @Test(arguments: 1...8) func `any two sets are told apart to the last id, each id once`(_ seed: UInt64) throws {
        var random = SplitMix64(seed: seed)
        for number in 0..<10 {
            let recipe = Self.recipe(&random, "session \(number) of \(seed)")
            let (clientFrame, serverFrame) = (Self.frame(&random), Self.frame(&random))
            let name: Comment = "\(recipe), frames \(clientFrame ?? 0) and \(serverFrame ?? 0)"
            let sides = recipe.sides()
            var whole = NegentropyDialogue(sides, clientFrame: clientFrame, serverFrame: serverFrame)
            try whole.runWithAllItems()
            Self.check(whole, sides, name)
            var loaded = NegentropyDialogue(sides, clientFrame: clientFrame, serverFrame: serverFrame)
            _ = try loaded.runWithBuckets(of: [1, 60, 86_400].randomElement(using: &random) ?? 1)
            Self.check(loaded, sides, name)
            if clientFrame == nil && serverFrame == nil { #expect(whole.client.rounds <= 3, name) }
            for (place, message) in whole.messages.enumerated() {
                let frame = place.isMultiple(of: 2) ? clientFrame : serverFrame
                #expect(message.count <= frame ?? .max, name)
            }
        }
    }

    private static func check(_ dialogue: NegentropyDialogue, _ sides: NegentropySides, _ name: Comment) {
        #expect(Set(dialogue.have) == sides.have && dialogue.have.count == sides.have.count, name)
        #expect(Set(dialogue.need) == sides.need && dialogue.need.count == sides.need.count, name)
        // Without frames three rounds do; a full frame has settled some of the differences.
        #expect(dialogue.client.rounds <= 6 + (sides.have.count + sides.need.count) / 8, name)
        #expect(dialogue.client.bytes == dialogue.messages.reduce(0) { $0 + $1.count }, name)
    }

    @Test(arguments: [0, 1]) func `day sums begin a session of 20,000 events in 16 ranges`(_ missing: Int) throws {
        let recipe = NegentropyRecipe(
            name: "", seed: 77, count: 20_000, first: 1_600_000_000, seconds: 86_400 * 300, zeroBytes: 0,
            clientOnly: 0, serverOnly: 0)
        var sides = recipe.sides()
        sides.client.removeFirst(missing)
        var dialogue = NegentropyDialogue(sides)
        let loaded = try dialogue.runWithBuckets(of: 86_400)
        #expect(try NegentropyMessage.decode(dialogue.messages[0]).ranges.count == 16)
        #expect(dialogue.messages[0].count <= 351)
        #expect(dialogue.client.rounds == 1 + missing && dialogue.need.count == missing && dialogue.have.isEmpty)
        #expect(missing == 0 ? loaded == 0 : (1...1600).contains(loaded), "only what differs was loaded: \(loaded)")
    }

    @Test func `a session without any events is the reference's`() {
        var one = NegentropyClient()
        var other = NegentropyClient()
        #expect(one.open(buckets: []) == other.open(NegentropySet()))
    }

    @Test func `one bucket, empty buckets and buckets in any order make a first message`() throws {
        let first = { (buckets: [NegentropyBucket]) in
            var client = NegentropyClient()
            return try NegentropyMessage.decode(client.open(buckets: buckets)).ranges
        }
        let bucket = { NegentropyBucket(start: UnixTime(seconds: $0), count: $1, idSum: .zero) }
        #expect(try first([bucket(5, 9)]).map(\.upper) == [.infinity])
        #expect(try first([bucket(5, 0), bucket(9, -3), bucket(7, 0)]).map(\.content) == [.ids([])])
        let ranges = try first([bucket(9, 1), bucket(5, 0), bucket(3, 1), bucket(3, 1), bucket(7, .max)])
        #expect(ranges.map(\.upper) == [NegentropyBound(timestamp: 9), .infinity])
        let many = try first((0..<1000).map { bucket($0, 1) })
        let widths = many.dropLast().map { $0.upper.position.timestamp - $0.lower.position.timestamp }
        #expect(many.count == 16 && Set(widths) == [62, 63])
    }

    @Test func `spans are whole seconds inside the window, apart from one another`() throws {
        var writer = NegentropyWriter()
        let empty = NegentropySum().fingerprint
        let item = NegentropyItem(timestamp: 200, id: Bytes32([UInt8](repeating: 7, count: 32)) ?? .zero)
        writer.range(to: NegentropyBound(timestamp: 100), empty)
        writer.range(to: NegentropyBound(timestamp: 150), empty)
        writer.skip(to: NegentropyBound(before: item))
        writer.range(to: NegentropyBound(timestamp: 201), [item])
        writer.skip(to: NegentropyBound(timestamp: 300))
        writer.range(to: .infinity, empty)
        let message = try NegentropyMessage.decode(writer.bytes)
        let spans = { (first: Int64, last: Int64, frame: Int?) in
            NegentropyClient(limits: .init(frameBytes: frame)).spans(
                for: message, within: UnixTime(seconds: first)...UnixTime(seconds: last)
            ).map { $0.lowerBound.seconds...$0.upperBound.seconds }
        }
        #expect(spans(0, .max, nil) == [0...149, 200...200, 300...(.max)])
        #expect(spans(50, 250, nil) == [50...149, 200...200])
        #expect(spans(160, 199, nil).isEmpty)
        #expect(spans(0, 250, 60_000) == [0...149, 200...200])
    }

    @Test func `many spans become few, and the widest spaces between them stay`() throws {
        var writer = NegentropyWriter()
        for second in UInt64(1)...1_000 {
            writer.skip(to: NegentropyBound(timestamp: 10 * second + (second > 500 ? 90_000 : 0)))
            let events: [NegentropyItem] = []
            writer.range(to: NegentropyBound(timestamp: 10 * second + (second > 500 ? 90_001 : 1)), events[...])
        }
        let window = UnixTime(seconds: 0)...UnixTime(seconds: 200_000)
        let spans = NegentropyClient().spans(for: try NegentropyMessage.decode(writer.bytes), within: window)
        #expect(spans.count == 64)
        #expect(spans.first?.lowerBound.seconds == 10 && spans.last?.upperBound.seconds == 100_000)
        #expect(spans.contains { $0.upperBound.seconds == 5_000 } && spans.contains { $0.lowerBound.seconds == 95_010 })
        #expect(
            (1...1_000).allSatisfy { second in
                spans.contains { $0.contains(UnixTime(seconds: second * 10 + (second > 500 ? 90_000 : 0))) }
            })
    }

    @Test func `where an answer may fill a frame, all that follows is needed`() throws {
        let spans = { (ranges: UInt64) in
            var writer = NegentropyWriter()
            writer.skip(to: NegentropyBound(timestamp: 10))
            for second in 1...ranges {
                writer.range(to: NegentropyBound(timestamp: 10 + second), NegentropySum().fingerprint)
            }
            let message = try NegentropyMessage.decode(writer.bytes)
            let client = NegentropyClient(limits: .init(frameBytes: NegentropyLimits.minFrameBytes))
            return client.spans(for: message, within: UnixTime(seconds: 0)...UnixTime(seconds: 99))
                .map { $0.lowerBound.seconds...$0.upperBound.seconds }
        }
        #expect(try spans(3) == [10...12] && spans(4) == [10...99])
    }
}
