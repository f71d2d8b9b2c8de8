import Nostr
import Testing

@testable import Monitor

@Suite struct HostTurnsTests {
    private func url(_ text: String) throws -> RelayURL { try RelayURL.parse(text) }

    @Test func `a host has its own bound, whatever port or path`() throws {
        var turns = HostTurns(most: 2)
        #expect(try turns.begin(url("wss://a.example")))
        #expect(try turns.begin(url("ws://a.example:81/x")))
        #expect(try turns.begin(url("wss://a.example/y")) == false)
        #expect(try turns.begin(url("wss://b.example")))
        try turns.end(url("wss://a.example"))
        #expect(try turns.begin(url("wss://a.example/y")))
    }

    @Test func `relays of this machine have no bound`() throws {
        var turns = HostTurns(most: 1)
        let begun = try (0..<500).map { try turns.begin(url("ws://127.0.0.1:7777/r\($0)")) }
        #expect(begun.allSatisfy { $0 })
    }

    @Test func `names of one address count together once that is known`() throws {
        var turns = HostTurns(most: 1)
        let (one, other) = (try url("wss://a.example"), try url("wss://b.example"))
        let first = [turns.begin(one), turns.begin(other)]
        for relay in [one, other] {
            turns.note("192.0.2.1", of: relay)
            turns.end(relay)
        }
        let then = [turns.begin(one), turns.begin(other)]
        turns.end(one)
        #expect([first, then, [turns.begin(other)]] == [[true, true], [true, false], [true]])
    }

    @Test func `what is given back is what was taken, wherever the name leads by then`() throws {
        var turns = HostTurns(most: 1)
        let relay = try url("wss://a.example")
        let isTaken = turns.begin(relay)
        turns.note("192.0.2.1", of: relay)
        #expect(try isTaken && turns.begin(url("wss://a.example/x")))
        turns.end(relay)
        turns.end(relay)
        #expect(try turns.begin(url("wss://a.example/y")) == false)
    }

    @Test func `five hundred relays of one host come again one after the other`() throws {
        var turns = HostTurns(most: 4)
        let waits = try (0..<500).map { try turns.turn(of: url("wss://a.example/\($0)"), at: .seconds(100)) }
        #expect(waits == (0..<500).map { .seconds(5) + .milliseconds(1_250) * $0 })
        #expect(try turns.turn(of: url("wss://b.example"), at: .seconds(100)) == HostTurns.shortestPause)
        #expect(try turns.turn(of: url("wss://a.example"), at: .seconds(10_000)) == HostTurns.shortestPause)
    }

    @Test func `relays come again no faster than they are asked for`() throws {
        var turns = HostTurns(most: 4, interval: .seconds(20))
        let waits = try (0..<5).map { try turns.turn(of: url("wss://a.example/\($0)"), at: .seconds(100)) }
        #expect(waits == [20, 25, 30, 35, 40].map { .seconds($0) })
    }

    @Test func `at the end of a cycle nothing is held any more`() throws {
        var turns = HostTurns(most: 1)
        let relay = try url("wss://a.example")
        let first = turns.begin(relay)
        turns.endAll()
        let then = turns.begin(relay)
        #expect([first, then] == [true, true])
    }

    @Test func `no wait is longer than an hour, and memory has a bound`() throws {
        var turns = HostTurns(most: 1)
        let waits = try (0..<2_000).map { try turns.turn(of: url("wss://a.example/\($0)"), at: .zero) }
        #expect(waits.max() == HostTurns.longestWait)
        #expect(try turns.begin(url("wss://kept.example")))
        for number in 0..<HostTurns.mostRemembered { _ = try turns.turn(of: url("wss://\(number).example"), at: .zero) }
        #expect(try turns.begin(url("wss://kept.example/x")) == false)
        #expect(try turns.turn(of: url("wss://a.example"), at: .zero) == HostTurns.shortestPause)
    }
}
