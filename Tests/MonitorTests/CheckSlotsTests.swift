import Nostr
import Testing

@testable import Monitor

@Suite struct CheckSlotsTests {
    private func url(_ text: String) throws -> RelayURL { try RelayURL.parse(text) }

    private func limits(_ slots: CheckSlots) -> [Network: Int] {
        Dictionary(slots.claims.map { ($0.network, $0.limit) }, uniquingKeysWith: { first, _ in first })
    }

    @Test func `each network has its own slots, and one that is absent has none`() throws {
        var slots = CheckSlots([.clearnet: 2, .local: 1], perHost: 9)
        #expect(limits(slots) == [.clearnet: 2, .local: 1])
        let onion = try url("ws://2gzyxa5ihm7nsggfxnu52rck2vv4rvmdlkiu3zzui5du4xyclen53wid.onion")
        #expect(slots.begin(onion) == false)
        #expect(try slots.begin(url("wss://a.example")) && slots.begin(url("wss://b.example")))
        #expect(try slots.begin(url("wss://c.example")) == false)
        #expect(limits(slots) == [.local: 1])
        #expect(slots.running == 2 && slots.running(.clearnet) == 2 && slots.running(.local) == 0)
        try slots.end(url("wss://a.example"))
        #expect(limits(slots) == [.clearnet: 1, .local: 1])
    }

    @Test func `a host has its own bound, whatever port or path`() throws {
        var slots = CheckSlots([.clearnet: 10], perHost: 2)
        #expect(try slots.begin(url("wss://a.example")) && slots.begin(url("ws://a.example:81/x")))
        #expect(try slots.begin(url("wss://a.example/y")) == false)
        #expect(try slots.begin(url("wss://b.example")))
        try slots.end(url("wss://a.example"))
        #expect(try slots.begin(url("wss://a.example/y")))
        #expect(slots.running == 3)
    }

    @Test func `nothing is claimed for a few free slots, after running dry, or at the end`() throws {
        var slots = CheckSlots([.clearnet: 8], perHost: 9)
        for number in 0..<7 { #expect(try slots.begin(url("wss://r\(number).example"))) }
        #expect(slots.claims.isEmpty)
        try slots.end(url("wss://r0.example"))
        #expect(limits(slots) == [.clearnet: 2])
        slots.ranDry(.clearnet)
        #expect(slots.claims.isEmpty)
        slots.refill()
        #expect(limits(slots) == [.clearnet: 2])
        slots.mayClaim = false
        #expect(slots.claims.isEmpty)
    }
}
