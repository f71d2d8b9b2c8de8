/// A check as its row in `relay_metadata` tells it.
struct CheckRow: Equatable {
    var at: Int64
    var plannedAt: Int64
    var unwatchedAt: Int64?
    var reason: String?
    var isLight: Bool
    var isUp: Bool { reason == nil }
}

/// What a relay was held for, worked out from the rows of its checks and from nothing else: all at once, looking ahead.
/// The database does the same row by row, as they come.
struct HeldStatus {
    /// From a time on the relay was in a status.
    struct Change: Equatable {
        var at: Int64
        var was: String
        var status: String
        var reason: String?
    }

    /// As the view has it.
    struct Outage: Equatable {
        var startedAt: Int64
        var endedAt: Int64?
        var hasRecovered: Bool?
        var seconds: Int64
        var cause: String?
    }

    /// As the view has it.
    struct Uptime: Equatable {
        var days: Int64
        var checks: Int64
        var answered: Int64
        var knownSeconds: Int64
        var upSeconds: Int64
    }

    private static let day: Int64 = 86_400

    /// In order of time; the first is that of the first check that settled anything.
    var changes: [Change] = []
    private var now: Int64 = 0
    /// Up to when the last status is held.
    private var end: Int64 = 0
    /// The first of the failures in a row. Of what was not held for online they go on behind a time without a watch.
    private var failingSince: Int64?

    /// - Parameter deadAfter: seconds.
    static func intervals(_ rows: [CheckRow], until now: Int64, deadAfter: Int64) -> HeldStatus {
        var held = HeldStatus()
        held.now = now
        held.end = rows.last.map { max($0.at, min(now, $0.plannedAt)) } ?? now
        // Times that somebody watched without a break.
        for stretch in rows.split(before: { $0.unwatchedAt != nil }) { held.add(stretch, deadAfter) }
        return held
    }

    private var status: String { changes.last?.status ?? "unknown" }

    private mutating func change(_ at: Int64, _ status: String, _ reason: String?) {
        guard status != self.status else { return }
        changes.append(Change(at: at, was: self.status, status: status, reason: reason))
    }

    private mutating func add(_ stretch: ArraySlice<CheckRow>, _ deadAfter: Int64) {
        guard let first = stretch.first else { return }
        let before = status
        if before == "online" { failingSince = nil }
        if let unwatchedAt = first.unwatchedAt { change(unwatchedAt, "unknown", "not_watched") }
        var isOpening = true
        for run in stretch.split(before: { row in row.isUp }, andAfter: { $0.isUp }) {
            guard let head = run.first else { continue }
            if head.isUp {
                change(head.at, "online", nil)
                failingSince = nil
            } else {
                addFailures(run, goesOn: isOpening && failingSince != nil, before, deadAfter)
            }
            isOpening = false
        }
    }

    /// - Parameters:
    ///   - goesOn: failures before the break belong to these.
    ///   - before: what it was held for before the break.
    private mutating func addFailures(
        _ run: ArraySlice<CheckRow>, goesOn: Bool, _ before: String, _ deadAfter: Int64
    ) {
        guard let head = run.first else { return }
        let since = failingSince ?? head.at
        failingSince = since
        // One failure alone says nothing.
        guard run.count > 1 || goesOn else { return }
        // What was down before the break may be dead with the first check behind it.
        let isDown = goesOn && (before == "offline" || before == "dead")
        let mayBeDead = isDown ? run : run.dropFirst(goesOn ? 1 : 2)
        let dead = mayBeDead.first { $0.at - since >= deadAfter }
        if dead?.at != head.at { change(head.at, "offline", head.reason) }
        if let dead { change(dead.at, "dead", dead.reason) }
    }

    /// From the first failure to the first answer, or to when nobody looked.
    var outages: [Outage] {
        changes.indices.filter { isDown(changes[$0].status) && !isDown(changes[$0].was) }.map { index in
            let start = changes[index]
            let over = changes[index...].first { !isDown($0.status) }
            return Outage(
                startedAt: start.at, endedAt: over?.at, hasRecovered: over.map { $0.status == "online" },
                seconds: (over?.at ?? now) - start.at, cause: start.reason)
        }
    }

    private func isDown(_ status: String) -> Bool { status == "offline" || status == "dead" }

    /// Over 1, 7, 30 and 90 days that end now.
    func uptime(_ rows: [CheckRow]) -> [Uptime] {
        [Int64(1), 7, 30, 90].map { days in
            let start = now - days * Self.day
            let checks = rows.filter { $0.at >= start }
            func seconds(_ isCounted: (String) -> Bool) -> Int64 {
                changes.indices.filter { isCounted(changes[$0].status) }.reduce(0) { sum, index in
                    let over = index + 1 < changes.count ? changes[index + 1].at : end
                    return sum + max(over - max(changes[index].at, start), 0)
                }
            }
            return Uptime(
                days: days, checks: Int64(checks.count), answered: Int64(checks.filter(\.isUp).count),
                knownSeconds: seconds { $0 != "unknown" }, upSeconds: seconds { $0 == "online" })
        }
    }
}

extension Collection {
    /// Parts that begin where the condition holds.
    fileprivate func split(before begins: (Element) -> Bool) -> [SubSequence] {
        split(before: begins, andAfter: { _ in false })
    }

    /// Parts that begin where the one holds and end where the other does.
    fileprivate func split(
        before begins: (Element) -> Bool, andAfter ends: (Element) -> Bool
    ) -> [SubSequence] {
        var parts: [SubSequence] = []
        var start = startIndex
        for index in indices {
            if index > start, begins(self[index]) {
                parts.append(self[start..<index])
                start = index
            }
            if ends(self[index]) {
                let next = self.index(after: index)
                parts.append(self[start..<next])
                start = next
            }
        }
        if start < endIndex { parts.append(self[start...]) }
        return parts
    }
}
