/// One look at an interval by sets, which may go on in halves: what all of them found counts once. Pure.
struct SetLook: Sendable {
    private var parts = 0
    private var found = VisitProgress.Found()
    private var isWhole = true

    /// Call before each comparison: where no part of the last look is left, a new one begins.
    mutating func begin() {
        guard parts == 0 else { return }
        (parts, found, isWhole) = (1, VisitProgress.Found(), true)
    }

    /// The window in hand goes on as two.
    mutating func halve() { parts += 1 }

    /// The window in hand is left to pages.
    mutating func leave() {
        parts -= 1
        isWhole = false
    }

    /// The window in hand is compared.
    /// - Returns: with the last one, what all of them found; nil where pages have a part of it.
    mutating func end(_ part: VisitProgress.Found) -> VisitProgress.Found? {
        parts -= 1
        found.late += part.late
        found.all += part.all
        return parts == 0 && isWhole ? found : nil
    }
}
