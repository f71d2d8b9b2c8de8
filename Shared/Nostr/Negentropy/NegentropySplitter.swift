/// Cuts what differs, or what nobody has compared yet, into ranges.
enum NegentropySplitter {
    /// Ranges that one range is cut into, as the reference does.
    static let ranges = 16
    /// With fewer items than this, a range is sent as a list of ids.
    static let minItems = ranges * 2
    /// Most bytes that one call appends: 31 ids, or 16 fingerprints, with the longest bounds there are.
    static let maxBytes = (minItems - 1) * 32 + 64

    /// Appends the ids at these places, or 16 fingerprints of about equally many items each.
    static func append(
        _ places: Range<Int>, of set: NegentropySet, to upper: NegentropyBound, _ writer: inout NegentropyWriter
    ) {
        guard places.count >= minItems else { return writer.range(to: upper, set.items[places]) }
        let (share, rest) = places.count.quotientAndRemainder(dividingBy: ranges)
        var start = places.lowerBound
        for number in 0..<ranges {
            let end = start + share + (number < rest ? 1 : 0)
            let bound =
                end == places.upperBound
                ? upper : NegentropyBound(between: set.items[end - 1], and: set.items[end])
            writer.range(to: bound, set.sum(start..<end).fingerprint)
            start = end
        }
    }

    /// Appends at most 16 fingerprints over all of time, cut where buckets begin. An empty list of ids stands for no
    /// events at all, as it does when there are no items.
    static func append(_ buckets: [NegentropyBucket], _ writer: inout NegentropyWriter) {
        let buckets = buckets.filter { $0.count > 0 }.sorted { $0.start < $1.start }
        guard !buckets.isEmpty else { return writer.range(to: .infinity, []) }
        let total = buckets.reduce(0) { $0 + $1.count }
        var sum = NegentropySum()
        var seen = 0
        var next = 1
        for (bucket, following) in zip(buckets, buckets.dropFirst()) {
            sum.add(bucket.idSum, count: bucket.count)
            seen += bucket.count
            let shares = seen * ranges / total
            guard shares >= next, following.start > bucket.start else { continue }
            writer.range(
                to: NegentropyBound(timestamp: UInt64(clamping: following.start.seconds)), sum.fingerprint)
            sum = NegentropySum()
            next = shares + 1
        }
        if let last = buckets.last { sum.add(last.idSum, count: last.count) }
        writer.range(to: .infinity, sum.fingerprint)
    }
}
