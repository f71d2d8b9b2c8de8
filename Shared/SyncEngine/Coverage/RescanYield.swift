/// How often late events are found on one relay, by the age of what is looked at again. Pure.
///
/// Where many come late, looks of that age come a step nearer; where three in a row find nothing, a step farther. Both
/// hold for the relay alone: on most relays nothing ever appears behind what was read, on some it does every day.
struct RescanYield: Sendable, Equatable {
    /// Looks of one age.
    struct Age: Sendable, Equatable {
        /// Steps of the schedule by which they come sooner; below 0, later.
        var nearer: Int16 = 0
        /// Those in a row that found nothing new.
        var empty: Int16 = 0
    }

    /// More than this share of a window brings the looks of its age nearer.
    static let lateShare = 0.001
    private static let emptyLooks: Int16 = 3
    /// One step: a relay that changes its ways is to be noticed within the next wait.
    private static let farthest: Int16 = -1
    /// As many as a schedule may have.
    private static let mostAges = 20

    /// The first is that of the look after the second pass.
    private(set) var ages: [Age] = []

    /// Nothing was looked at again yet.
    init() {}

    /// As `relay_sync.behaviour` holds it; what cannot be read counts as nothing.
    init(_ word: String?) {
        let pairs = (word ?? "").split(separator: ",", maxSplits: Self.mostAges, omittingEmptySubsequences: false)
        let ages = pairs.prefix(Self.mostAges).map { pair -> Age? in
            let numbers = pair.split(separator: ":", maxSplits: 2, omittingEmptySubsequences: false).map { Int16($0) }
            guard numbers.count == 2, let nearer = numbers[0], let empty = numbers[1] else { return nil }
            let isPossible = (Self.farthest...Int16(Self.mostAges)).contains(nearer)
            return isPossible && (0..<Self.emptyLooks).contains(empty) ? Age(nearer: nearer, empty: empty) : nil
        }
        guard !ages.contains(nil) else { return }
        self.ages = ages.compactMap { $0 }
    }

    /// For `relay_sync.behaviour`: steps nearer and empty looks of each age, "0:2,1:0".
    var word: String { ages.map { "\($0.nearer):\($0.empty)" }.joined(separator: ",") }

    /// Steps by which a look comes sooner than the schedule says; `look` counts from 1.
    func nearer(_ look: Int16) -> Int {
        guard let place = place(of: look), ages.indices.contains(place) else { return 0 }
        return Int(ages[place].nearer)
    }

    /// Takes a look in that is over.
    /// - Parameters:
    ///   - look: its place in the schedule, from 1; the second pass is none.
    ///   - late: events that were not linked to the relay before.
    ///   - all: events that the relay has in what was looked at.
    /// - Returns: whether looks of that age come nearer now.
    mutating func note(look: Int16, late: Int, of all: Int) -> Bool {
        guard let place = place(of: look) else { return false }
        while ages.count <= place { ages.append(Age()) }
        guard late == 0 else {
            ages[place].empty = 0
            let isOften = Double(late) > Double(max(all, 1)) * Self.lateShare
            guard isOften, ages[place].nearer < Int16(clamping: place) else { return false }
            ages[place].nearer += 1
            return true
        }
        ages[place].empty += 1
        if ages[place].empty == Self.emptyLooks {
            ages[place] = Age(nearer: max(ages[place].nearer - 1, Self.farthest))
        }
        return false
    }

    private func place(of look: Int16) -> Int? { look > 0 ? min(Int(look), Self.mostAges) - 1 : nil }
}
