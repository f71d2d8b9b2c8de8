import Crypto
import Nostr
import Support

/// The events that everything is measured with.
struct Corpus {
    let samples: [SampleEvent]

    init(events: Int, seed: UInt64) {
        var factory = EventFactory(seed: seed)
        samples = factory.events(events)
    }

    var meanBytes: Int { samples.reduce(0) { $0 + $1.json.count } / max(samples.count, 1) }
}

/// What the client's steps cost on one core. Each figure is the least of several runs: noise only adds.
struct ClientCosts {
    private static let runs = 5

    /// Microseconds to parse an event and check its id: for every event that is received.
    let parse: Double
    /// Microseconds to make columns of it: for new events only.
    let columns: Double
    /// Microseconds to find the relays that a stored event names, over the whole mix.
    let mentions: Double
    /// The same for events that name none.
    let noMentions: Double

    init(_ corpus: Corpus) {
        let samples = Array(corpus.samples.prefix(20_000))
        let events = Self.parsed(corpus, count: samples.count)
        parse = Self.least(each: samples.count) {
            var parser = EventParser()
            for sample in samples {
                precondition(sample.json.withUnsafeBufferPointer { (try? parser.parse($0)) != nil })
            }
        }
        var bytes = 0
        columns = Self.least(each: samples.count) {
            for (sample, event) in zip(samples, events) {
                bytes &+= sample.json.withUnsafeBufferPointer { event.materialised(from: $0).content.count }
            }
        }
        precondition(bytes > 0)
        let stored = zip(samples, events).map { sample, event in
            sample.json.withUnsafeBufferPointer { event.materialised(from: $0) }
        }
        mentions = Self.mentions(stored)
        noMentions = Self.mentions(
            stored.filter { !String(decoding: $0.tagsJSON + $0.content, as: UTF8.self).contains("://") })
    }

    private static func mentions(_ events: [Event]) -> Double {
        least(each: events.count) {
            var reader = RelayMentionReader(allowsLocal: false)
            var found = 0
            for event in events {
                found &+= reader.read(kind: event.kind, tags: event.tagsJSON, content: event.content).found.count
            }
            precondition(found >= 0)
        }
    }

    /// Microseconds of one bare verification: key parse and BIP-340.
    static func verification(_ corpus: Corpus) -> Double {
        let events = parsed(corpus, count: 4_000)
        let verifier = SchnorrVerifier()
        return least(each: events.count) {
            for event in events {
                let isValid = verifier.isValid(
                    signature: event.signature, message: event.id, publicKey: event.pubkey)
                precondition(isValid, "the corpus is signed")
            }
        }
    }

    func rows(verification: Double) -> [CostRow] {
        [
            CostRow(name: "verify (x-only key, BIP-340)", microseconds: verification),
            CostRow(name: "parse, UTF-8, canonical form, SHA-256, id", microseconds: parse),
            CostRow(name: "columns (un-escape, tag keys), new events only", microseconds: columns),
            CostRow(name: "relays that a stored event names (Finder)", microseconds: mentions),
            CostRow(name: "the same where it names none", microseconds: noMentions),
        ]
    }

    static func parsed(_ corpus: Corpus, count: Int) -> [ParsedEvent] {
        var parser = EventParser()
        return corpus.samples.prefix(count).map { sample in
            guard let event = sample.json.withUnsafeBufferPointer({ try? parser.parse($0) }) else {
                preconditionFailure("the corpus is well-formed")
            }
            return event
        }
    }

    /// Microseconds of CPU a piece, the least of some runs.
    private static func least(each count: Int, _ body: () -> Void) -> Double {
        (0..<runs).map { _ in
            let before = CPUTime.own
            body()
            return (CPUTime.own - before) * 1e6 / Double(max(count, 1))
        }.min() ?? 0
    }
}
