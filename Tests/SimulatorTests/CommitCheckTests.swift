import Crypto
import Database
import Nostr
import Support
import SyncEngine
import Testing

/// The checks find what they are for: each of them is shown one commit that should not have been.
@Suite struct CommitCheckTests {
    struct Violation: Sendable, CustomTestStringConvertible {
        let finds: String
        let plant: @Sendable (inout CommitCheck) -> Void

        init(_ finds: String, _ plant: @escaping @Sendable (inout CommitCheck) -> Void) {
            self.finds = finds
            self.plant = plant
        }

        var testDescription: String { finds }
    }

    private static let relay = RelayID(1)
    private static let event = SimulatedEvent(createdAt: 450, kind: 1, author: 1, serial: 1)
    private static let sealed = CoverageRow(
        lo: time(401), hi: time(900), state: CoverageState.sealed.rawValue, proof: CoverageProof.twoWalks.rawValue,
        pages: 1, items: 1, cap: 100, rescanAt: time(5_000), rescanStep: 1)

    private static func time(_ seconds: Int64) -> UnixTime { UnixTime(seconds: seconds) }

    private static func row(_ lo: Int64, _ hi: Int64, _ state: CoverageState) -> CoverageRow {
        CoverageRow(lo: time(lo), hi: time(hi), state: state.rawValue)
    }

    private static func table(_ rows: [CoverageRow]) -> [RelayID: [Int64: CoverageRow]] {
        [relay: Dictionary(rows.map { ($0.lo.seconds, $0) }, uniquingKeysWith: { first, _ in first })]
    }

    /// A page that brought one event and moved the frontier from 500 to 400.
    private static func commit() throws -> CommitCheck {
        var row = SimulatedArchive.Row(url: try RelayURL.parse("wss://relay.example.com"))
        (row.walkLo, row.walkHi, row.frontier, row.committedFence) = (time(0), time(900), time(500), 2)
        var after = row
        (after.frontier, after.committedFence) = (time(400), 3)
        var page = RelayPage(relay: relay, fence: 3)
        page.frontier = time(400)
        var sum = DaySum()
        sum.add(event.id)
        page.days = [(0, sum)]
        page.coveragePut = [Self.row(401, 900, .provisional)]
        var tables = SimulatedArchive.Tables()
        tables.events = [event.id: 7]
        tables.sightings = [relay: [7: .init(id: event.id, createdAt: 450)]]
        (tables.days, tables.trueDays) = ([relay: [0: sum]], [relay: [0: sum]])
        tables.coverage = table([Self.row(0, 400, .walking), Self.row(401, 900, .provisional)])
        var holder = SimulatedRelay(vices: Vices(), seed: 1)
        holder.add([event], at: .zero)
        return CommitCheck(
            page: page, before: row, after: after, coverageBefore: [Self.row(0, 900, .walking)],
            links: [.init(id: event.id, kind: 1, isNew: true)], unstored: [], tables: tables, relay: holder,
            shown: [event.id: true], seconds: 1_000, now: .seconds(1))
    }

    private static let violations: [Violation] = [
        Violation("C1: fence") { $0.before.committedFence = 4 },
        Violation("C2: the frontier rose") { ($0.before.frontier, $0.page.frontier) = (time(300), time(400)) },
        Violation("C2: walk_hi fell") { $0.before.walkHi = time(901) },
        Violation("C2: sealed_hi fell") { ($0.before.sealedHi, $0.after.sealedHi) = (time(901), time(900)) },
        Violation("C2: a part of a walk") { $0.after.walkLo = nil },
        Violation("C2: 400 is not in 401...900") { $0.after.walkLo = time(401) },
        Violation("I1:") { $0.unstored = [event] },
        Violation("I3: 0...400 is followed by 402") { check in
            check.tables.coverage = table([row(0, 400, .walking), row(402, 900, .provisional)])
        },
        Violation("I3: 0...400 is followed by 399") { check in
            check.tables.coverage = table([row(0, 400, .walking), row(399, 900, .provisional)])
        },
        Violation("I3: begins at 1") { check in
            check.tables.coverage = table([row(1, 400, .walking), row(401, 900, .provisional)])
        },
        Violation("I3: ends at 899") { check in
            check.tables.coverage = table([row(0, 400, .walking), row(401, 899, .provisional)])
        },
        Violation("I3: 900 is too new") { $0.seconds = 950 },
        Violation("I2: 401...900 is sealed without evidence") { check in
            check.tables.coverage = table([row(0, 400, .walking), row(401, 900, .sealed)])
        },
        Violation("I2: 401...900 is sealed although") { check in
            check.tables.coverage = table([row(0, 400, .walking), sealed])
            check.after.behaviour.contradictions = 1
        },
        Violation("I2: 401...900 is sealed by pages") { check in
            check.tables.coverage = table([row(0, 400, .walking), sealed])
            check.after.behaviour.shortAnswers = 1
        },
        Violation("I4: 401...900 lost its seal") { check in
            check.coverageBefore = [row(0, 400, .walking), sealed]
            check.page.coverageDrop = [time(401)]
        },
        Violation("C3: the relay never showed") { ($0.shown, $0.relay) = ([:], nil) },
        Violation("I5: \(event.id) is stored, which is not valid") { $0.shown = [event.id: false] },
        Violation("I5: \(event.id) is linked, of which all copies were forged") { check in
            (check.shown, check.links) = ([event.id: false], [.init(id: event.id, kind: 1, isNew: false)])
            var vices = Vices()
            vices.sets = .unknown
            check.relay = SimulatedRelay(vices: vices, seed: 1)
        },
        Violation("I5: kind 1 is stored") { $0.relay?.archivedKinds = [7] },
        Violation("I5: \(event.id) is said to be gone") { $0.page.gone = [7] },
        Violation("day 0 has another sum") { $0.tables.days[relay]?[0] = DaySum() },
        Violation("silent loss: 1 events") { check in
            check.page.coveragePut = [sealed]
            check.tables.sightings = [:]
        },
    ]

    @Test func `a commit as it should be passes`() throws {
        #expect(try Self.commit().verdict.failures.isEmpty)
    }

    @Test(arguments: violations) func `a planted violation is found`(violation: Violation) throws {
        var check = try Self.commit()
        violation.plant(&check)
        #expect(check.verdict.failures.contains { $0.hasPrefix(violation.finds) }, "\(check.verdict.failures)")
    }

    @Test func `what one visit takes too much of is found`() throws {
        let (limits, url) = (VisitLimits(), try RelayURL.parse("wss://relay.example.com"))
        #expect(limits.failures(requests: 1, sessions: 4, unstored: 1, url).isEmpty)
        #expect(limits.failures(requests: 2, sessions: 1, unstored: 0, url).first?.hasPrefix("I6: 2 requests") == true)
        #expect(limits.failures(requests: 1, sessions: 5, unstored: 0, url).first?.hasPrefix("I6: 5 conn") == true)
        #expect(limits.failures(requests: 1, sessions: 1, unstored: 2, url).first?.hasPrefix("I4:") == true)
        let most = limits.bytes + limits.pageBytes
        #expect(limits.failures(bytes: most, url).isEmpty)
        #expect(limits.failures(bytes: most + 1, url).first?.hasPrefix("I6: a visit") == true)
    }
}
