/// How the values of a full answer (kinds, or authors) are asked for next: in groups of about as many events.
///
/// One value at a time would be hundreds of questions where a few are enough; halves would cost a full answer at each
/// of many steps.
struct PartSplit<Value: Hashable & Comparable & Sendable>: Sendable {
    /// At least two unless only one value is known; no value is in two.
    let groups: [[Value]]

    /// - Parameters:
    ///   - shown: the value of each event in the answer.
    ///   - others: values that may have events too, as they can be asked for.
    init(_ shown: [Value], others: [[Value]]) {
        var groups = Self.groups(of: shown)
        // Few events are expected of them: they go with the lightest group, unless that would ask for everything again.
        if others.count == 1, groups.count > 1, let last = groups.popLast() {
            groups.append((last + others[0]).sorted())
        } else {
            groups += others
        }
        self.groups = groups
    }

    /// The heaviest values first, each group about a quarter of all.
    private static func groups(of shown: [Value]) -> [[Value]] {
        let weights = shown.reduce(into: [Value: Int]()) { $0[$1, default: 0] += 1 }
        let most = shown.count * 3 / 10
        var groups: [[Value]] = []
        var left = 0
        for (value, weight) in weights.sorted(by: { ($1.value, $0.key) < ($0.value, $1.key) }) {
            if weight <= left, !groups.isEmpty {
                groups[groups.count - 1].append(value)
                left -= weight
            } else {
                groups.append([value])
                left = most - weight
            }
        }
        return groups.map { $0.sorted() }
    }
}
