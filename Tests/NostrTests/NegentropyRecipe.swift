import Crypto
import Support

@testable import Nostr

/// How the items of both sides are made, the same in every run. The program that ran the reference implementation
/// for `negentropy_vectors.json` followed the same recipe.
struct NegentropyRecipe: Decodable, CustomStringConvertible {
    let name: String
    let seed: UInt64
    let count: Int
    /// First second, and how many there are.
    let first: UInt64
    let seconds: UInt64
    /// Ids begin with 0...zeroBytes bytes of zero, so that bounds inside one second need long prefixes.
    let zeroBytes: UInt64
    /// Of a million items, how many only one side has.
    let clientOnly: UInt64
    let serverOnly: UInt64

    var description: String { "\(name), seed \(seed)" }

    func sides() -> NegentropySides {
        var random = SplitMix64(seed: seed)
        var sides = NegentropySides()
        for _ in 0..<count {
            let timestamp = first + random.next() % seconds
            let zeros = Int(random.next() % (zeroBytes + 1))
            var id: [UInt8] = []
            for _ in 0..<4 { withUnsafeBytes(of: random.next().littleEndian) { id.append(contentsOf: $0) } }
            for place in 0..<zeros { id[place] = 0 }
            let item = NegentropyItem(timestamp: timestamp, id: EventID(id) ?? .zero)
            let lot = random.next() % 1_000_000
            if !(clientOnly..<(clientOnly + serverOnly)).contains(lot) { sides.client.append(item) }
            if lot >= clientOnly { sides.server.append(item) }
        }
        return sides
    }
}
