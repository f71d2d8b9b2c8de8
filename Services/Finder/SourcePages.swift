import Net
import Nostr
import Settings

/// A list that may come in several answers, and what is left of the source's time and size for the next one.
///
/// Version 2 of nostr.watch answers `GET /relays` with `{"relays": [...], "total", "limit", "offset"}`: 50 relays
/// unless more are asked for, 200 at most. Its total is not relied on: it is read until an answer names nothing new.
struct SourcePages: Sendable {
    /// Relays that are asked for at once.
    static let pageSize = 200

    /// What came so far.
    private(set) var list = SourceList()
    /// Answers so far.
    private(set) var count = 0
    /// Whether there may be another answer to ask for.
    private(set) var hasMore = false

    private let source: DirectorySource
    private let depth: Int
    private var seen: Set<String> = []
    private var bytes = 0
    private var time = Duration.zero

    /// Before the first request.
    /// - Parameter depth: levels of JSON at most.
    init(_ source: DirectorySource, depth: Int) {
        self.source = source
        self.depth = depth
    }

    /// Where the next answer is. What the source's own query says of `limit` or `offset` holds.
    var url: String {
        guard source.shape == .nostrWatchV2 else { return source.url }
        let address = source.url.prefix { $0 != "#" }
        let query = address.split(separator: "?", maxSplits: 1).dropFirst().first ?? ""
        let names = query.split(separator: "&").map { $0.prefix { $0 != "=" } }
        var more: [String] = []
        if !names.contains("limit") { more.append("limit=\(Self.pageSize)") }
        if count > 0 { more.append("offset=\(list.urls.count + list.skipped)") }
        guard !more.isEmpty, !names.contains("offset") else { return source.url }
        let separator = !address.contains("?") ? "?" : query.isEmpty || query.hasSuffix("&") ? "" : "&"
        return address + separator + more.joined(separator: "&")
    }

    /// What the next answer may cost.
    var limits: HTTPLimits {
        var limits = HTTPLimits()
        limits.bodyBytes = max(source.maxBytes.bytes - bytes, 1)
        limits.total = max(source.timeout.duration - time, .milliseconds(1))
        // One that thinks for long before it answers is within its time.
        (limits.connect, limits.slowFor) = (limits.total, limits.total)
        return limits
    }

    /// Takes an answer in.
    /// - Throws: why it is no list of this shape; then nothing of it counts.
    mutating func add(_ answer: HTTPAnswer) throws(JSONSelection.Failure) {
        let page = try source.shape.read(answer.body, path: source.path, depth: depth)
        let known = seen.count
        if page.isPage { seen.formUnion(page.urls) }
        let isNews = count == 0 || seen.count > known
        count += 1
        bytes += answer.body.count
        time += answer.times.total
        // A server that knows of no offset gives the same again.
        if isNews { add(page) }
        hasMore = page.isPage && seen.count > known && list.urls.count < SourceShape.mostURLs && url != source.url
    }

    private mutating func add(_ page: SourceList) {
        let room = SourceShape.mostURLs - list.urls.count
        list.urls += page.urls.prefix(room)
        list.skipped += page.skipped + max(page.urls.count - room, 0)
    }
}
