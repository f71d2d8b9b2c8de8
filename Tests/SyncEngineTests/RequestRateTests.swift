import Nostr
import Settings
import Testing

@testable import SyncEngine

@Suite struct RequestRateTests {
    private var settings: RateSettings {
        var settings = RateSettings()
        (settings.floor, settings.ceiling) = (0.5, 16)
        return settings
    }

    private func second(_ seconds: Double) -> Duration { .seconds(seconds) }

    /// Asks for so long as often as it may; gives the time it took.
    private func ask(_ count: Int, _ rate: inout RequestRate, from start: Duration) -> Duration {
        (0..<count).reduce(start) { now, _ in now + rate.take(at: now) }
    }

    @Test func `nothing is held back before the first refusal`() {
        var rate = RequestRate(settings)
        #expect(ask(10_000, &rate, from: .zero) == .zero)
        #expect(rate.perSecond == nil)
    }

    @Test func `a refusal halves what was asked`() {
        var rate = RequestRate(settings)
        for number in 0..<40 { _ = rate.take(at: second(Double(number) * 0.25)) }
        rate.halve(at: second(10))
        #expect(rate.perSecond == 2)
        rate.halve(at: second(20))
        #expect((0.99...1.03).contains(rate.perSecond ?? 0))
    }

    @Test func `refusals of one moment count once, and none falls below the floor`() {
        var rate = RequestRate(settings, remembered: 8)
        rate.halve(at: second(1))
        rate.halve(at: second(2))
        #expect(rate.perSecond == 4)
        for number in 1...20 { rate.halve(at: second(Double(number) * 10)) }
        #expect(rate.perSecond == 0.5)
    }

    @Test func `requests keep to the rate, whatever was saved up`() {
        var rate = RequestRate(settings, remembered: 4)
        _ = rate.take(at: .zero)
        // An hour in which nobody asked is no reason for a thousand requests at once.
        let took = ask(41, &rate, from: second(3_600)) - second(3_600)
        #expect((second(8)...second(10)).contains(took))
    }

    @Test func `a rate grows by a tenth in a minute without a refusal, and is forgotten at the ceiling`() {
        var rate = RequestRate(settings, remembered: 4)
        for number in 0...60 { _ = rate.take(at: second(Double(number))) }
        #expect((4.39...4.45).contains(rate.perSecond ?? 0))
        for number in 61...1_200 { _ = rate.take(at: second(Double(number))) }
        #expect(rate.perSecond == nil)
    }

    @Test func `answers bring a rate near to what was refused, and no further for a time`() throws {
        var rate = RequestRate(settings, remembered: 8)
        rate.halve(at: second(0))
        for number in 1...40 { rate.succeed(at: second(Double(number) / 2)) }
        let near = try #require(rate.perSecond)
        #expect((7.5...8).contains(near), "after twenty seconds")
        for number in 1...10 { rate.succeed(at: second(30 + Double(number) / 10)) }
        #expect(rate.perSecond == nil, "then it is tried again, and forgotten at the ceiling")
    }

    @Test func `a rate that is refused again is held for longer each time`() throws {
        var rate = RequestRate(settings, remembered: 1)
        var now = 0.0
        for hold in [30.0, 60, 120] {
            rate.halve(at: second(now))
            let refused = try #require(rate.perSecond) * 2
            for number in 0..<100 { rate.succeed(at: second(now + hold * Double(number) / 101)) }
            #expect(try #require(rate.perSecond) <= refused, "\(hold)")
            now += hold
            for _ in 0..<5 { rate.succeed(at: second(now)) }
            #expect(try #require(rate.perSecond) > refused, "\(hold)")
        }
    }

    @Test func `a small relay that refused twice is read in a minute or two`() {
        var rate = RequestRate(RateSettings())
        _ = rate.take(at: .zero)
        rate.halve(at: second(1))
        rate.halve(at: second(61))
        var now = second(61)
        for _ in 0..<60 {
            now += rate.take(at: now)
            rate.succeed(at: now)
        }
        #expect(now < second(61 + 120), "\(now)")
    }

    @Test func `few answers between refusals raise nothing`() {
        var rate = RequestRate(settings, remembered: 8)
        rate.halve(at: second(0))
        for round in 1...3 {
            for _ in 0..<4 { rate.succeed(at: second(Double(round) * 10)) }
            rate.halve(at: second(Double(round) * 10))
        }
        #expect((0.5..<0.6).contains(rate.perSecond ?? 0))
    }

    @Test func `time in which nobody asked proves little`() {
        var rate = RequestRate(settings, remembered: 4)
        _ = rate.take(at: .zero)
        _ = rate.take(at: second(86_400))
        #expect((4.39...4.41).contains(rate.perSecond ?? 0))
    }

    @Test func `a connection that was refused before anything was asked says nothing of a rate`() {
        var rate = RequestRate(settings)
        rate.halve(at: second(5))
        #expect(rate.perSecond == nil)
    }

    @Test(arguments: [0, -1, .nan, .infinity, 16, 99] as [Double])
    func `what is no rate is not remembered`(remembered: Double) {
        #expect(RequestRate(settings, remembered: remembered).perSecond == nil)
        #expect(RequestRate(settings, remembered: 0.001).perSecond == 0.5)
    }
}

@Suite struct AddressLimitsTests {
    private let a = try? RelayURL.parse("wss://a.example")
    private let b = try? RelayURL.parse("wss://b.example")

    @Test func `an address has so many connections and gives them back`() throws {
        let relay = try #require(a)
        var limits = AddressLimits(RateSettings())
        let busy = try #require(b)
        let opened = (0..<5).map { _ in limits.open("192.0.2.1", for: busy) }
        #expect(opened == [true, true, true, true, false])
        let other = limits.open("192.0.2.2", for: relay)
        #expect(other, "another address has its own")
        #expect(limits.isBusy(lastOf: busy) && !limits.isBusy(lastOf: relay), "it moved on")
        limits.close("192.0.2.1")
        #expect(!limits.isBusy(lastOf: busy))
        let again = limits.open("192.0.2.1", for: relay)
        #expect(again)
    }

    @Test func `a relay's rate is kept as it was left, unless its row says otherwise`() throws {
        let relay = try #require(a)
        var limits = AddressLimits(RateSettings())
        var rate = limits.rate(of: relay, remembered: 4)
        rate.halve(at: .seconds(1))
        limits.keep(rate, of: relay)
        #expect(limits.rate(of: relay, remembered: 2) == rate)
        #expect(limits.rate(of: relay, remembered: 2.0001) == rate, "a column holds seven digits")
        #expect(limits.rate(of: relay, remembered: 3) == RequestRate(RateSettings(), remembered: 3))
        limits.keep(RequestRate(RateSettings()), of: relay)
        #expect(limits.rate(of: relay, remembered: 2) != rate, "forgotten")
    }

    @Test func `relays of one address share its rate`() throws {
        let (one, other) = (try #require(a), try #require(b))
        var limits = AddressLimits(RateSettings())
        _ = limits.open("192.0.2.1", for: one)
        _ = limits.open("192.0.2.1", for: other)
        let before = (0..<20).map { limits.take("192.0.2.1", at: .seconds($0)) }
        #expect(before.allSatisfy { $0 == .zero })
        limits.halve("192.0.2.1", at: .seconds(20))
        let waits = (0..<4).map { _ in limits.take("192.0.2.1", at: .seconds(21)) }
        #expect(waits.last ?? .zero > .seconds(4))
        let elsewhere = limits.take("192.0.2.2", at: .seconds(21))
        #expect(elsewhere == .zero)
    }

    @Test func `a relay that refuses a connection slows the address it had`() throws {
        let (one, other) = (try #require(a), try #require(b))
        var limits = AddressLimits(RateSettings())
        _ = limits.open("192.0.2.1", for: one)
        _ = limits.open("192.0.2.1", for: other)
        for number in 0..<20 { _ = limits.take("192.0.2.1", at: .seconds(number)) }
        limits.halve(lastOf: one, at: .seconds(20))
        _ = limits.take("192.0.2.1", at: .seconds(20))
        let wait = limits.take("192.0.2.1", at: .seconds(20))
        #expect(wait > .zero)
        // Of a relay that was never reached nothing is known.
        limits.halve(lastOf: try RelayURL.parse("wss://c.example"), at: .seconds(20))
    }

    @Test func `an address is forgotten with its last connection, unless it has to be spared`() throws {
        let relay = try #require(a)
        var limits = AddressLimits(RateSettings())
        for number in 0..<30 {
            _ = limits.open("192.0.2.\(number)", for: relay)
            limits.close("192.0.2.\(number)")
        }
        #expect(limits.count == 0)
        _ = limits.open("192.0.2.1", for: relay)
        _ = limits.take("192.0.2.1", at: .zero)
        limits.halve("192.0.2.1", at: .seconds(1))
        limits.close("192.0.2.1")
        #expect(limits.count == 1)
    }

    @Test func `there is an end to what is remembered`() throws {
        let relay = try #require(a)
        var limits = AddressLimits(RateSettings())
        for number in 0..<(AddressLimits.mostRemembered + 500) {
            let address = "2001:db8::\(number)"
            _ = limits.open(address, for: relay)
            _ = limits.take(address, at: .zero)
            limits.halve(address, at: .seconds(1))
            limits.close(address)
        }
        #expect(limits.count <= AddressLimits.mostRemembered)
    }
}
