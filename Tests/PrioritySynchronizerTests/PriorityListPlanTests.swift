import Nostr
import Testing

@testable import PrioritySynchronizer

@Suite struct PriorityListPlanTests {
    private func file(_ text: String) -> PriorityListPlan.File {
        .read(RelayList(lines: Array(text.utf8), allowsLocal: false, limit: PriorityListPlan.limit))
    }

    private func plan(
        _ file: PriorityListPlan.File = .none, urls: [String] = [], _ mentions: [PriorityListPlan.Mention] = [],
        allowsLocal: Bool = false
    ) -> PriorityListPlan {
        PriorityListPlan(file: file, urls: urls, mentions: mentions, allowsLocal: allowsLocal)
    }

    @Test func `the list is the union of its sources, each relay once, those of the file first`() {
        let plan = plan(
            file("wss://a.example\nwss://b.example"), urls: ["WSS://B.example/", "wss://c.example"],
            [.init(author: 1, url: "wss://d.example"), .init(author: 2, url: "wss://a.example:443")])
        #expect(
            plan.relays.map(\.text) == ["wss://a.example", "wss://b.example", "wss://c.example", "wss://d.example"])
        #expect(plan.leftOut.isEmpty && plan.mayTakeOut)
    }

    @Test(arguments: [(nil, true), ("", true), ("write", true), ("read", false), ("Write", false), ("both", false)])
    func `only relays that an author writes to are taken`(marker: String?, isTaken: Bool) {
        let plan = plan([.init(author: 1, url: "wss://a.example", marker: marker)])
        #expect(plan.relays.isEmpty != isTaken)
        #expect(plan.leftOut.isEmpty, "a relay that is only read from is no fault")
    }

    private func plan(_ mentions: [PriorityListPlan.Mention]) -> PriorityListPlan { plan(.none, mentions) }

    @Test func `nothing leaves the lane while a file that is named was never read`() {
        #expect(!plan(.unknown, urls: ["wss://a.example"]).mayTakeOut)
        #expect(plan(.unknown, urls: ["wss://a.example"]).relays.count == 1)
        #expect(plan(file("")).mayTakeOut, "an empty file is a list of no relays")
        #expect(plan(.none).mayTakeOut)
    }

    @Test func `what is no relay is counted by its reason and stops nothing`() {
        let plan = plan(
            .none, urls: ["ws://127.0.0.1", "wss://a.example"],
            [.init(author: 1, url: "http://x.example"), .init(author: 1, url: "wss://b.example")])
        #expect(plan.relays.map(\.text) == ["wss://a.example", "wss://b.example"])
        #expect(plan.leftOut == ["local_address": 1, "bad_scheme": 1])
    }

    @Test func `local relays need the switch that allows them`() {
        #expect(plan(.none, urls: ["ws://127.0.0.1"], allowsLocal: true).relays.count == 1)
    }

    @Test func `the list is bounded, and the file comes before all else`() {
        let lines = (0..<PriorityListPlan.limit).map { "wss://r\($0).example" }.joined(separator: "\n")
        let plan = plan(file(lines), urls: ["wss://a.example", "wss://r1.example"])
        #expect(plan.relays.count == PriorityListPlan.limit)
        #expect(plan.leftOut == ["over_limit": 1])
    }

    @Test func `one author cannot push out the others`() {
        let many = (0..<500).map { PriorityListPlan.Mention(author: 1, url: "wss://r\($0).example") }
        let plan = plan(many + [.init(author: 2, url: "wss://a.example")])
        #expect(plan.relays.count == PriorityListPlan.relaysOfAuthor + 1)
        #expect(plan.relays.last?.text == "wss://a.example")
        #expect(plan.leftOut == ["over_limit_of_author": 400])
    }
}
