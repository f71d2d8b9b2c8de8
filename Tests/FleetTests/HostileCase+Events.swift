import Crypto
import Support

/// What events can hold.
extension HostileCase {
    /// Events of another relay, which is read before these cases are.
    static let originals: [SampleEvent] = {
        var factory = EventFactory(seed: 500)
        return factory.events(200) + (0..<3).map { factory.sign(kind: 1, tags: [], content: "copied \($0)") }
    }()

    private static let year3000: Int64 = 32_503_680_000

    static let events: [HostileCase] = [
        HostileCase("8 numbers that are none") { one in
            let kinds = ["1e400", "-0", "18446744073709551616", "1.0", "65536", "\"1\""]
            let times = ["1e400", "-0", "18446744073709551616", "1700000000.5", "null"]
            one.junk = broken(8, kinds.count + times.count) { number, event in
                number < kinds.count
                    ? event.replacing(#""kind":1"#, with: #""kind":"# + kinds[number])
                    : event.replacing(
                        #""created_at":\#(event.createdAt)"#, with: #""created_at":"# + times[number - kinds.count])
            }
            one.reasons = [
                "exponent_number", "kind_out_of_range", "fractional_number", "bad_kind", "negative_created_at",
                "created_at_out_of_range", "bad_created_at",
            ]
        },
        HostileCase("9a created before the epoch") {
            $0.junk = [signed(9, at: -1, "early"), signed(9, at: .min, "earliest")]
            $0.reasons = ["negative_created_at"]
        },
        HostileCase("9b created in the far future") {
            $0.events =
                made(91, 40) + [signed(91, at: year3000, "year 3000"), signed(91, at: 1 << 53, "2^53")]
                + [signed(91, at: .max, "the end of time")]
        },
        HostileCase("10a NUL") {
            $0.events = made(100, 40) + [signed(100, at: 1_700_000_100, "a\u{0}b"), nulTag]
        },
        HostileCase("10b half of a surrogate pair") {
            $0.junk = broken(101, 2) { $1.replacing(#""content":""#, with: #""content":"\ud800 "#) }
            $0.reasons = ["lone_surrogate"]
        },
        HostileCase("10c not UTF-8, overlong, a coded surrogate") {
            let forms: [[UInt8]] = [[0xC3, 0x28], [0xC0, 0x80], [0xE0, 0x80, 0xAF], [0xED, 0xA0, 0x80], [0xFF]]
            $0.junk = broken(102, forms.count) { number, event in
                event.replacing(#""content":""#, with: Array(#""content":""#.utf8) + forms[number])
            }
            $0.reasons = ["bad_utf8"]
        },
        HostileCase("11 a key twice") {
            $0.junk = broken(11, 3) { number, event in
                let first = [#""kind":1"#, #""kind":7"#, #""k\u0069nd":1"#][number]
                return event.replacing(#""kind":1"#, with: first + #","kind":1"#)
            }
            $0.reasons = ["duplicate_key"]
        },
        HostileCase("12 a wrong id") {
            $0.junk = broken(12, 3) { $1.replacing($1.id.hex, with: String($1.id.hex.reversed())) }
            $0.reasons = ["id_mismatch"]
        },
        HostileCase("13 a wrong signature") {
            $0.junk = broken(13, 3) { $1.withBrokenSignature }
            $0.reasons = ["bad_signature"]
        },
        HostileCase("14a changed copies of stored events") {
            $0.junk = originals.suffix(3).map { $0.replacing("copied", with: "forged") }
            $0.reasons = ["id_mismatch"]
        },
        HostileCase("14b stored events with another valid signature") {
            $0.events = made(141, 40) + originals.suffix(3).map { EventFactory(seed: 500).resign($0) }
            $0.reasons = ["second_signature"]
        },
        HostileCase("14c stored events with a wrong signature") {
            ($0.events, $0.junk) = (made(142, 40), originals.suffix(3).map(\.withBrokenSignature))
            $0.behaviour.reconciling = noSets
            $0.reasons = ["bad_signature"]
        },
        HostileCase("14d new events several times, under right and wrong signatures") { one in
            let factory = EventFactory(seed: 143)
            let notes = (0..<2).map { factory.sign(kind: 1, tags: [], content: "signed again and again: \($0)") }
            one.events = made(144, 40) + notes
            one.junk = [notes[0].withBrokenSignature, notes[1].withBrokenSignature, factory.resign(notes[1])]
            one.behaviour.reconciling = noSets
            one.reasons = ["bad_signature", "second_signature"]
        },
        HostileCase("15a events from below what was asked for") {
            ($0.behaviour.strays, $0.behaviour.straysAreOlder) = (3, true)
            $0.count = 1_200
        },
        HostileCase("15b events from above what was asked for") {
            ($0.behaviour.strays, $0.count) = (3, 1_200)
            ($0.errors, $0.classes) = (["", "until_ignored"], [.ok, .unpageable])
        },
    ]

    private static func made(_ seed: UInt64, _ count: Int) -> [SampleEvent] {
        var factory = EventFactory(seed: seed)
        return factory.events(count)
    }

    private static func signed(_ seed: UInt64, at second: Int64, _ content: String) -> SampleEvent {
        EventFactory(seed: seed, createdAt: second).sign(kind: 1, tags: [], content: content)
    }

    private static var nulTag: SampleEvent {
        EventFactory(seed: 100, createdAt: 1_700_000_200).sign(kind: 1, tags: [["t", "a\u{0}b"]], content: "a tag")
    }

    /// Properly signed notes, each changed afterwards.
    private static func broken(
        _ seed: UInt64, _ count: Int, _ change: (Int, SampleEvent) -> SampleEvent
    ) -> [SampleEvent] {
        (0..<count).map { number in
            change(number, signed(seed, at: 1_700_000_005 + Int64(number), "broken \(number) of \(seed)"))
        }
    }
}
