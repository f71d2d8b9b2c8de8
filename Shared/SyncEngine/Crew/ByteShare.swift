internal import Settings

/// What one visit may download: deficit round robin, with `due_at` as the round. A relay that had more than its share,
/// by pages that were under way when it was used up, has less the next time. Pure.
struct ByteShare: Sendable, Equatable {
    /// Bytes of event JSON after which no further page is asked for; at least 1, so that each visit gets a page.
    let bytes: Int

    private static let mostOwed: Int64 = 1 << 50

    private let quantum: Int64
    private let owed: Int64

    init(_ budget: BudgetSettings, _ deficit: Int64) {
        quantum = Int64(budget.bytes.bytes)
        owed = min(max(deficit, 0), Self.mostOwed)
        bytes = Int(max(quantum - owed, 1))
    }

    /// What is taken off the next visit.
    func deficit(after used: Int) -> Int64 { max(0, Int64(used) - (quantum - owed)) }
}
