internal import Nostr

/// Checks many signatures on all cores.
struct SignatureCheck: Sendable {
    /// Signatures a task: about 3 ms of work, so that other relays' tasks get their turn in between.
    private static let aTask = 64

    let isAuthentic: @Sendable (ParsedEvent) -> Bool

    /// True at the index of each event whose signature is right (BIP-340 over the id).
    func areValid(_ events: [ParsedEvent]) async -> [Bool] {
        let starts = stride(from: 0, to: events.count, by: Self.aTask)
        guard events.count > Self.aTask else { return events.map(isAuthentic) }
        return await withTaskGroup(of: (Int, [Bool]).self) { group in
            for start in starts {
                let part = events[start..<min(start + Self.aTask, events.count)]
                group.addTask { (start, part.map(isAuthentic)) }
            }
            var result = [Bool](repeating: false, count: events.count)
            for await (start, part) in group {
                result.replaceSubrange(start..<(start + part.count), with: part)
            }
            return result
        }
    }
}
