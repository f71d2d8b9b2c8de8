/// What can be measured by itself: `--` and the name ask for it.
enum BenchmarkPart: String, CaseIterable {
    /// The steps of an event on one core, and what storing it costs.
    case costs
    /// From one relay's socket to the tables.
    case endToEnd = "end-to-end"
    /// From a followed relay's sending to the table.
    case freshness
    /// Five relays that hold much of the same.
    case overlap
    /// A window in which nothing changed, compared by NIP-77.
    case sets
    /// Claims of relays a second.
    case claims
    /// Two replicas against one.
    case replicas
    /// Honest relays alone and beside hostile ones.
    case hostile
    /// The Monitor over hundreds of relays, alone and beside dead ones, and what a check costs.
    case monitor
    /// Memory of one synchronizer with hundreds of relays connected.
    case memory
    /// The Finder over a million stored events, the Initializer over a long list.
    case discovery
    /// Costs and rate where millions of events are stored already.
    case stored

    /// Part of a run that asks for nothing else.
    var isQuick: Bool { self != .stored && self != .discovery && self != .monitor }
}
