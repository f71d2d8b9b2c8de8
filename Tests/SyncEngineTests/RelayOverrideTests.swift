import Nostr
import Settings
import Testing

@testable import SyncEngine

@Suite struct RelayOverrideTests {
    private func override(_ url: String, _ change: (inout RelayOverride) -> Void) -> RelayOverride {
        var item = RelayOverride()
        item.url = url
        change(&item)
        return item
    }

    private let a = try? RelayURL.parse("wss://a.example")

    @Test func `what is different for a relay takes effect on its visits alone`() throws {
        let item = override("WSS://A.example:443/") {
            $0.pageSize = 50
            $0.pageTimeout = 300
            $0.visit = 5
        }
        let settings = SynchronizingSettings(overrides: [item])
        let own = settings.of(try #require(a))
        #expect(own.sync.pageSize == 50 && own.sync.pageTimeout == 300 && own.budget.visit == 5)
        #expect(own.sync.progressTimeout == settings.sync.progressTimeout)
        let other = settings.of(try RelayURL.parse("wss://b.example"))
        #expect(other.sync == SyncSettings() && other.budget == BudgetSettings())
    }

    @Test func `what an override leaves out is as for all`() throws {
        var sync = SyncSettings()
        sync.pageSize = 77
        let settings = SynchronizingSettings(sync: sync, overrides: [override("wss://a.example") { $0.visit = 9 }])
        let own = settings.of(try #require(a))
        #expect(own.sync == sync && own.budget.visit == 9)
        #expect(own.budget.retryDelay == settings.budget.retryDelay)
    }

    @Test func `silence lasts no longer than the page`() throws {
        let settings = SynchronizingSettings(overrides: [override("wss://a.example") { $0.pageTimeout = 2 }])
        let own = settings.of(try #require(a))
        #expect(own.sync.pageTimeout == 2 && own.sync.progressTimeout == 2)
    }

    @Test func `filter and time range are handed on`() {
        var (filter, range) = (FilterSettings(), TimeRangeSettings())
        filter.kinds = [1]
        range.since = 5
        let settings = SynchronizingSettings(filter: filter, timeRange: range)
        #expect(settings.filter == filter && settings.timeRange == range)
    }
}

@Suite struct SyncLaneTests {
    @Test func `the ordinary lane helps, and the reserved capacity is for nobody else`() {
        #expect(SyncLane.ordinary.helped == .priority)
        #expect(SyncLane.priority.helped == nil)
        #expect(SyncLane.ordinary.foldsStatistics && !SyncLane.priority.foldsStatistics)
        #expect([SyncLane.ordinary, .priority].map(\.rawValue) == [0, 1])
    }
}
