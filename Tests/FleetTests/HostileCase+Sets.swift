import Crypto
import NIOConcurrencyHelpers
import Support

/// What takes several passes to come to light: sets (NIP-77), crowded seconds, and relays that change meanwhile.
extension HostileCase {
    /// Answers to NEG-OPEN as hex (NIP-77, "Negentropy Protocol V1"): version, then ranges of bound, mode and payload.
    private enum Message {
        /// Two bounds of one second, the second one with the lower id prefix; both ranges are skipped.
        static let fallingBounds = "61" + "0501ff00" + "01010100"
        /// Up to the end of time a list of 10^9 ids, of which none is there.
        static let hugeList = "61" + "0000" + "02" + "83dcd7e800" + ""
        /// A range of a mode that does not exist.
        static let unknownMode = "61" + "0000" + "07"
    }

    private static func setsOf(_ name: String, _ reconciling: FakeRelayBehaviour.Reconciling, _ reason: String)
        -> HostileCase
    {
        HostileCase(name) {
            $0.behaviour.reconciling = reconciling
            $0.reasons = [reason]
        }
    }

    static let slow: [HostileCase] = [
        setsOf("35a sets with bounds that fall", .text(Message.fallingBounds), "bounds_not_ascending"),
        setsOf("35b sets with a list of 10^9 ids", .text(Message.hugeList), "id_list_too_long"),
        setsOf("35c sets in a mode that does not exist", .text(Message.unknownMode), "unknown_mode"),
        setsOf("35d sets without end", .endless, "over_budget"),
        HostileCase("35e sets with ids that are never delivered") {
            var factory = EventFactory(seed: 355)
            $0.behaviour.phantoms = factory.events(3)
        },
        HostileCase("20a a second with more than an answer shows, compared as sets") {
            ($0.events, $0.behaviour.cap) = (crowd(201), 60)
        },
        HostileCase("20b a second with more than an answer shows") {
            ($0.events, $0.behaviour.cap, $0.stored) = (crowd(202), 60, .some)
            $0.behaviour.reconciling = noSets
            $0.gap = 2
        },
        HostileCase("38 events come and go while pages are asked for") {
            var factory = EventFactory(seed: 380)
            let kept = factory.events(1_200)
            $0.events = kept
            $0.behaviour.reconciling = noSets
            $0.behaviour.changes = changes()
            $0.states = [.sealed, .settled]
        },
    ]

    static let noSets = FakeRelayBehaviour.Reconciling.notice("ERROR: bad msg: negentropy disabled")

    /// 300 events of one second, one kind and one author, and 20 before and after it.
    private static func crowd(_ seed: UInt64) -> [SampleEvent] {
        var factory = EventFactory(seed: seed, authors: 1)
        let before = factory.events(20)
        factory.createdAt += 100
        let crowd = (0..<300).map { factory.sign(kind: 1, tags: [], content: "one of a crowd: \($0)") }
        factory.createdAt += 100
        return before + crowd + factory.events(20)
    }

    /// The first forty requests find events that come above, below and at the frontier, and ones of them gone again.
    private static func changes() -> @Sendable (Int) -> (new: [SampleEvent], gone: Set<Bytes32>) {
        let visitors = (0..<40).map { number in
            EventFactory(seed: 381, createdAt: 1_700_000_000 + Int64(number * 397 % 400))
                .sign(kind: 1, tags: [], content: "passing by: \(number)")
        }
        return { request in
            let new = request < visitors.count ? [visitors[request]] : []
            let gone = request >= 2 && request < visitors.count + 2 ? [visitors[request - 2].id] : []
            return (new, Set(gone))
        }
    }
}
