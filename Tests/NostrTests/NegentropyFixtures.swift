import Crypto
import Support

@testable import Nostr

/// Items and fingerprints for single messages.
enum NegentropyFixtures {
    /// An item with a random id.
    static func item(at second: UInt64, _ random: inout SplitMix64) -> NegentropyItem {
        let id = Bytes32((0..<32).map { _ in UInt8.random(in: 0...255, using: &random) }) ?? .zero
        return NegentropyItem(timestamp: second, id: id)
    }

    /// What a side says that has just these items in a range.
    static func fingerprint(of items: some Sequence<NegentropyItem>) -> NegentropyFingerprint {
        var sum = NegentropySum()
        for item in items { sum.add(item.id) }
        return sum.fingerprint
    }
}
