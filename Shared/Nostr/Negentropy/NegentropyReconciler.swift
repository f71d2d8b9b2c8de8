/// Answers one message with the next: what both roles share.
struct NegentropyReconciler {
    /// What an answer to one range may add at most, a range skipped before it included.
    static let maxBytes = NegentropySplitter.maxBytes + 48
    /// Kept free in a frame for the fingerprint of what did not fit; the reference keeps as much.
    private static let reservedBytes = 200

    private let set: NegentropySet
    private let isClient: Bool
    /// Bytes after which a message ends with the fingerprint of all that follows; nil for no end.
    private let fullBytes: Int?
    private var writer = NegentropyWriter()
    /// The place of the first item that no range has reached yet.
    private var next = 0
    /// The place of the first item behind the last bound that was written.
    private var written = 0
    /// The range before needs nothing and was not written yet: several such ranges become one.
    private var isSkipping = false

    /// Ids that we have and the other side has not, ascending; a client's only.
    private(set) var have: [EventID] = []
    /// Ids that the other side has and we have not, as it listed them; a client's only.
    private(set) var need: [EventID] = []

    /// A reconciler of one message.
    init(_ set: NegentropySet, isClient: Bool, frameBytes: Int?) {
        self.set = set
        self.isClient = isClient
        fullBytes = frameBytes.map { $0 - Self.reservedBytes }
    }

    /// True when answers to so many ranges could fill a frame, so that items behind the ranges are needed too.
    static func mayFillFrame(_ frameBytes: Int?, ranges: Int) -> Bool {
        guard let frameBytes else { return false }
        return ranges > (frameBytes - reservedBytes) / maxBytes
    }

    /// The answer; a client has nothing more to ask when it is the version byte alone.
    mutating func answer(_ message: NegentropyMessage) -> [UInt8] {
        for range in message.ranges {
            let places = next..<set.firstIndex(from: next, notBefore: range.upper)
            let hasRoom =
                switch range.content {
                case .skip: skip(places)
                case .fingerprint(let theirs): compare(theirs, range, places)
                case .ids(let theirs): isClient ? compare(theirs, places) : list(range, places)
                }
            if !hasRoom { break }
        }
        return writer.bytes
    }

    private mutating func skip(_ places: Range<Int>) -> Bool {
        isSkipping = true
        next = places.upperBound
        return true
    }

    /// Cuts the range where fingerprints differ.
    private mutating func compare(
        _ theirs: NegentropyFingerprint, _ range: NegentropyRange, _ places: Range<Int>
    ) -> Bool {
        guard set.sum(places).fingerprint != theirs else { return skip(places) }
        let start = writer.bytes.count
        writeSkip(to: range.lower)
        NegentropySplitter.append(places, of: set, to: range.upper, &writer)
        guard !isFull else {
            writer.cut(to: start)
            // The other side will compare with all that it has behind our last bound. As the reference does, we leave
            // this range out: what they have in it makes the fingerprints differ, and so the range comes up again.
            // Where they have nothing, that would not be so, and our events here would be taken for theirs.
            let isEmpty = theirs == NegentropySum().fingerprint
            writeRest(from: isEmpty ? written : places.upperBound)
            return false
        }
        (next, written) = (places.upperBound, places.upperBound)
        return true
    }

    /// Finds what only one side has.
    private mutating func compare(_ theirs: [EventID], _ places: Range<Int>) -> Bool {
        var rest = Set(theirs)
        for item in set.items[places] where rest.remove(item.id) == nil { have.append(item.id) }
        for id in theirs where rest.remove(id) != nil { need.append(id) }
        return skip(places)
    }

    /// Answers a client's ids with ours, as many as fit; at least one when there is any, so that every round helps.
    private mutating func list(_ range: NegentropyRange, _ places: Range<Int>) -> Bool {
        var (end, bound) = (places.upperBound, range.upper)
        if let fullBytes {
            let most = max(fullBytes - writer.bytes.count, 0) / 32 + 1
            if places.count > most {
                end = places.lowerBound + most
                bound = NegentropyBound(before: set.items[end])
            }
        }
        writeSkip(to: range.lower)
        writer.range(to: bound, set.items[places.lowerBound..<end])
        (next, written) = (end, end)
        guard !isFull else {
            writeRest(from: end)
            return false
        }
        return true
    }

    private var isFull: Bool { fullBytes.map { writer.bytes.count > $0 } ?? false }

    private mutating func writeSkip(to bound: NegentropyBound) {
        if isSkipping { writer.skip(to: bound) }
        isSkipping = false
    }

    private mutating func writeRest(from place: Int) {
        writer.range(to: .infinity, set.sum(place..<set.items.count).fingerprint)
    }
}
