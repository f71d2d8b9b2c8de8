import Support

/// The relay behaviours that were measured (14) and some of their kind, each as a relay of its own, and what has to
/// become of its history.
extension HostileCase {
    /// Events of one answer at most; the crowded seconds have up to three times as many.
    private static let cap = 100

    /// All hold the same events; none compares sets unless `comparesSets`, so that pages alone have to find everything.
    static func vices(comparesSets: Bool) -> [HostileCase] {
        plain.map { vice in
            var vice = vice
            if vice.events.isEmpty { vice.events = history }
            if vice.behaviour.cap == 500 { vice.behaviour.cap = cap }
            vice.behaviour.reconciling = comparesSets ? .normal : noSets
            // Sets show what pages leave out.
            if comparesSets, vice.states == [.settled] { vice.states = [.settled, .sealed] }
            // Where others brought half of its newest page, one that ignores `until` is read by its sets.
            if comparesSets, vice.behaviour.ignoresUntil {
                vice.states.insert(.sealed)
                vice.classes.insert(.ok)
                vice.gap = nil
            }
            return vice
        }
    }

    private static var plain: [HostileCase] {
        [
            HostileCase("well-behaved"),
            HostileCase("six crowded seconds") { $0.events = history + crowds },
            HostileCase("a silent cap") { $0.behaviour.cap = cap / 2 },
            HostileCase("a small cap and six crowded seconds") {
                ($0.events, $0.behaviour.cap) = (history + crowds, cap / 5)
            },
            HostileCase("exclusive bounds") {
                ($0.events, $0.behaviour.hasExclusiveBounds) = (history + crowds, true)
            },
            HostileCase("5 % timeouts") { $0.behaviour.chances = [(0.05, .silent)] },
            HostileCase("5 % rate-limited") { $0.behaviour.chances = [(0.05, .closed("rate-limited: slow down"))] },
            HostileCase("5 % disconnects") {
                $0.behaviour.chances = [(0.05, .disconnect(afterEvents: 40))]
                // What its last visit came to.
                $0.classes = [.ok, .unreachable]
            },
            HostileCase("10 % early EOSE") {
                $0.behaviour.chances = [(0.05, .earlyEOSE(after: 40)), (0.05, .earlyEOSE(after: 7))]
                $0.states = [.settled]
            },
            HostileCase("ignores until") {
                ($0.behaviour.ignoresUntil, $0.stored, $0.states, $0.gap) = (true, .some, [.gap], 3)
                ($0.errors, $0.classes) = (["", "until_ignored"], [.unpageable])
            },
            HostileCase("ignores since") { $0.behaviour.ignoresSince = true },
            HostileCase("oldest first") {
                ($0.behaviour.order, $0.classes) = (.oldestFirst, [.unordered])
            },
            HostileCase("a random subset") {
                ($0.behaviour.order, $0.classes) = (.randomSubset, [.unordered])
            },
            HostileCase("omits 1 %") { ($0.behaviour.omissions, $0.states) = (0.01, [.settled]) },
            HostileCase("hints of NIP-67") { $0.behaviour.sendsHint = true },
            HostileCase("adds three events") {
                ($0.behaviour.strays, $0.behaviour.straysAreOlder) = (3, true)
                $0.states = [.settled, .sealed]
            },
        ]
    }

    /// Two thousand events with times of silence between them.
    private static let history: [SampleEvent] = {
        var factory = EventFactory(seed: 1_400)
        return (0..<20).flatMap { _ in
            factory.createdAt += 40_000
            return factory.events(100)
        }
    }()

    /// Six seconds with 49 to 300 events, of so many kinds that each kind alone fits into an answer.
    private static let crowds: [SampleEvent] =
        [49, 50, 99, 100, 200, 300].enumerated().flatMap { place, count in
            let factory = EventFactory(seed: 1_401, createdAt: 1_700_300_000 + Int64(place * 7))
            return (0..<count).map { number in
                factory.sign(
                    kind: UInt16(1_000 + number % 20), tags: [], content: "\(number) of \(count)",
                    by: factory.author(number))
            }
        }
}
