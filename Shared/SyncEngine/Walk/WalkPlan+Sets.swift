internal import Nostr

/// Parts of a walk that are read by comparing sets instead of pages.
extension WalkPlan {
    /// Whether what is left below the frontier may be read in another way: no question about a page is open, and pages
    /// can be followed.
    var isBetweenPages: Bool {
        if case .descending = mode { order != .unordered } else { false }
    }

    /// Goes on below a second: everything from it on is proven.
    mutating func skip(below second: UnixTime) {
        guard second > lo else { return mode = .over(.reachedEnd(byHint: false)) }
        _ = move(to: second.moved(by: -1))
    }
}
