internal import Nostr

/// Events far below the rest of their page. A relay may send what was made long ago just as it arrives, between the
/// stored events: then nothing is known of the seconds above. So what lies between is asked for once more. Pure.
struct OutlierProbe: Sendable {
    /// The oldest second of the page.
    let outlier: UnixTime
    /// The oldest second of the rest of the page.
    let above: UnixTime
    let page: PageFacts

    /// How many times wider than usual a step between neighbours has to be.
    private static let proportion: Int64 = 20
    /// A step that is never out of proportion, in seconds.
    private static let usualStep: Int64 = 60
    /// Events above a step from which on they say what is usual. Of a few it is chance: on a quiet relay almost every
    /// page begins with a step that is wide beside the one above it.
    private static let telling = 10
    /// Events asked for beside those that are known: enough to meet some that were left out.
    private static let sample = 20

    /// The newest step of a page that is out of all proportion to those above it; nil where there is none.
    /// - Parameters:
    ///   - seconds: of the page's events, the foreign ones too, ascending.
    ///   - liveAfter: what is newer may have arrived live, and says nothing of the proportions.
    ///   - limit: what was asked for. A page that was cut holds that many stored events above the outliers.
    init?(_ page: PageFacts, seconds: [UnixTime], liveAfter: UnixTime, limit: Int) {
        guard let outlier = seconds.first, let newest = seconds.last(where: { $0 < liveAfter }) ?? seconds.last
        else { return nil }
        let fewest = min(Self.telling, max(limit / 2, 1))
        for place in seconds.indices.dropFirst().reversed() where seconds.count - place >= fewest {
            let above = seconds[place]
            let step = above.seconds - seconds[place - 1].seconds
            let spread = max(newest.seconds - above.seconds, 0) / Int64(seconds.count - place + 1)
            guard step > Self.usualStep, step / Self.proportion > spread else { continue }
            self.outlier = outlier
            self.above = above
            self.page = page
            return
        }
        return nil
    }

    /// Asks for what lies between the oldest event and the rest, the known ones among it.
    func request(limit: Int) -> PageRequest {
        let known = page.events.count(where: isBetween) + page.ghosts.count(where: isBetween)
        return PageRequest(
            since: outlier.moved(by: 1), until: above.moved(by: -1), limit: min(limit, known + Self.sample))
    }

    /// Whether an answer brought nothing that the page did not have.
    func knows(_ answer: PageFacts) -> Bool {
        let known = Set(page.events.map(\.id))
        return answer.events.allSatisfy { known.contains($0.id) }
            && answer.ghosts.count <= page.ghosts.count(where: isBetween)
    }

    private func isBetween(_ event: EventStamp) -> Bool { isBetween(event.createdAt) }
    private func isBetween(_ second: UnixTime) -> Bool { second > outlier && second < above }
}
