import Nostr
import Testing

@testable import Monitor

@Suite struct CheckSlotsTests {
    private static let up = CheckQueue(network: .clearnet, kind: .online)
    private static let other = CheckQueue(network: .clearnet, kind: .other)
    private static let new = CheckQueue(network: .clearnet, kind: .new)

    private func url(_ text: String) throws -> RelayURL { try RelayURL.parse(text) }

    private func fill(_ slots: inout CheckSlots, _ queue: CheckQueue, _ names: Range<Int>) throws -> Int {
        try names.count { try slots.begin(url("wss://\(queue.kind)\($0).example"), of: queue) }
    }

    @Test func `each network has its own slots, and one that is absent has none`() throws {
        var slots = CheckSlots([.clearnet: 4, .local: 1], hosts: HostTurns(most: 9))
        #expect(
            slots.queues.map { "\($0.network.rawValue) \($0.kind)" }
                == ["clearnet online", "local online", "clearnet other", "local other", "clearnet new", "local new"])
        let onion = try url("ws://2gzyxa5ihm7nsggfxnu52rck2vv4rvmdlkiu3zzui5du4xyclen53wid.onion")
        #expect(slots.begin(onion, of: CheckQueue(network: .tor, kind: .other)) == false)
        #expect(try fill(&slots, Self.up, 0..<9) == 4)
        #expect(slots.claimable(Self.up) == 0 && slots.claimable(Self.other) == 0)
        #expect(slots.claimable(CheckQueue(network: .local, kind: .other)) == 1)
        #expect(slots.running == 4 && slots.running(.clearnet) == 4 && slots.running(.local) == 0)
        try slots.end(url("wss://online0.example"))
        #expect(slots.claimable(Self.up) == 1 && slots.claimable(Self.other) == 1)
    }

    @Test(arguments: [(1, 1, 1), (2, 1, 1), (3, 2, 2), (8, 4, 6), (50, 25, 38)])
    func `relays that are up always find a slot, the others share what is left`(most: Int, half: Int, all: Int) throws {
        var slots = CheckSlots([.clearnet: most], hosts: HostTurns(most: 9))
        #expect(slots.claimable(Self.up) == most)
        #expect(slots.claimable(Self.other) == half && slots.claimable(Self.new) == half)
        #expect(try fill(&slots, Self.other, 0..<99) == half)
        #expect(try fill(&slots, Self.new, 0..<99) == all - half)
        #expect(slots.claimable(Self.other) == 0 && slots.claimable(Self.new) == 0)
        #expect(slots.claimable(Self.up) == most - all)
        #expect(try fill(&slots, Self.up, 0..<99) == most - all)
        #expect(slots.running == most)
        for number in 0..<half { try slots.end(url("wss://other\(number).example")) }
        #expect(slots.claimable(Self.up) == half)
    }

    @Test func `a queue may have its sibling's slots when that has nothing due`() throws {
        var slots = CheckSlots([.clearnet: 8], hosts: HostTurns(most: 9))
        slots.ranDry(Self.other)
        #expect(slots.claimable(Self.new) == 6)
        #expect(try fill(&slots, Self.new, 0..<99) == 6)
        slots.refill()
        #expect(slots.claimable(Self.other) == 0 && slots.claimable(Self.new) == 0 && slots.claimable(Self.up) == 2)
        for number in 0..<3 { try slots.end(url("wss://new\(number).example")) }
        #expect(slots.claimable(Self.other) == 3 && slots.claimable(Self.new) == 1)
    }

    @Test func `a check that lasts gives its slot to another one, as long as there is room beside them`() throws {
        var slots = CheckSlots([.clearnet: 8], waiting: [.clearnet: 3], hosts: HostTurns(most: 9))
        #expect(try fill(&slots, Self.other, 0..<4) == 4)
        slots.setAside(at: CheckSlots.patience - .milliseconds(1))
        #expect(slots.claimable(Self.other) == 0)
        slots.setAside(at: CheckSlots.patience)
        #expect(slots.claimable(Self.other) == 3 && slots.running == 4 && slots.running(.clearnet) == 4)
        #expect(try fill(&slots, Self.other, 4..<99) == 3)
        slots.setAside(at: .seconds(60))
        #expect(slots.claimable(Self.other) == 0 && slots.running == 7)
        for number in 0..<7 { try slots.end(url("wss://other\(number).example")) }
        #expect(slots.running == 0 && slots.running(.clearnet) == 0 && slots.claimable(Self.up) == 8)
        #expect(try fill(&slots, Self.up, 0..<99) == 8)
        slots.setAside(at: .seconds(60))
        #expect(slots.claimable(Self.up) == 3)
    }

    @Test func `a relay is checked once at a time, and given back once`() throws {
        var slots = CheckSlots([.clearnet: 8], waiting: [.clearnet: 3], hosts: HostTurns(most: 1))
        let relay = try url("wss://a.example")
        let begun = [slots.begin(relay, of: Self.up), slots.begin(relay, of: Self.other)]
        slots.end(relay)
        slots.end(relay)
        #expect(begun == [true, false] && slots.running == 0 && slots.running(.clearnet) == 0)
        #expect(slots.claimable(Self.up) == 8)
    }

    @Test func `where nobody may wait beside them, slots are kept`() throws {
        var slots = CheckSlots([.tor: 8], waiting: [.clearnet: 3], hosts: HostTurns(most: 9))
        let onion = try url("ws://2gzyxa5ihm7nsggfxnu52rck2vv4rvmdlkiu3zzui5du4xyclen53wid.onion")
        let queue = CheckQueue(network: .tor, kind: .online)
        let isBegun = slots.begin(onion, of: queue)
        slots.setAside(at: .seconds(60))
        #expect(isBegun && slots.claimable(queue) == 7 && slots.running == 1)
    }

    @Test func `a host has its own bound, whatever port or path`() throws {
        var slots = CheckSlots([.clearnet: 10], hosts: HostTurns(most: 2))
        #expect(try slots.begin(url("wss://a.example"), of: Self.up))
        #expect(try slots.begin(url("ws://a.example:81/x"), of: Self.other))
        #expect(try slots.begin(url("wss://a.example/y"), of: Self.up) == false)
        #expect(try slots.begin(url("wss://b.example"), of: Self.up))
        try slots.end(url("wss://a.example"))
        #expect(try slots.begin(url("wss://a.example/y"), of: Self.up))
        #expect(slots.running == 3)
    }

    @Test func `nothing is claimed for few free slots, after running dry, or at the end`() throws {
        var slots = CheckSlots([.clearnet: 20], hosts: HostTurns(most: 9))
        #expect(try fill(&slots, Self.up, 0..<18) == 18)
        #expect(slots.claimable(Self.up) == 0)
        try slots.end(url("wss://online0.example"))
        #expect(slots.claimable(Self.up) == 3)
        slots.ranDry(Self.up)
        #expect(slots.claimable(Self.up) == 0 && slots.claimable(Self.other) == 3)
        slots.refill()
        #expect(slots.claimable(Self.up) == 3)
        slots.mayClaim = false
        #expect(slots.claimable(Self.up) == 0 && slots.claimable(Self.other) == 0)
    }
}
