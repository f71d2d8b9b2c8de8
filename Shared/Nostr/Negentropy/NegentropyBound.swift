internal import Crypto

/// Where a range ends and the next begins: a time, and as much of an id as tells events of one second apart.
struct NegentropyBound: Hashable, Sendable {
    /// The first place behind the bound; bytes of the id that were not sent are zero.
    let position: NegentropyItem
    /// How many bytes of the id are sent, 0...32.
    let prefixCount: Int

    /// Before every event.
    static let start = NegentropyBound(timestamp: 0)
    /// Behind every event.
    static let infinity = NegentropyBound(timestamp: .max)

    /// Before all events of a second.
    init(timestamp: UInt64) {
        self.init(position: NegentropyItem(timestamp: timestamp, id: .zero), prefixCount: 0)
    }

    /// Just before an event.
    init(before item: NegentropyItem) { self.init(position: item, prefixCount: 32) }

    /// The shortest bound that has the one event before and the next behind it.
    init(between previous: NegentropyItem, and next: NegentropyItem) {
        guard previous.timestamp == next.timestamp else {
            self.init(timestamp: next.timestamp)
            return
        }
        let common = zip(previous.id.bytes, next.id.bytes).prefix { $0 == $1 }.count
        self.init(timestamp: next.timestamp, prefix: next.id.bytes.prefix(common + 1))
    }

    /// A bound from its parts; of a prefix only the first 32 bytes count.
    init(timestamp: UInt64, prefix: some Collection<UInt8>) {
        let prefix = prefix.prefix(32)
        let id = EventID(prefix + [UInt8](repeating: 0, count: 32 - prefix.count)) ?? .zero
        self.init(position: NegentropyItem(timestamp: timestamp, id: id), prefixCount: prefix.count)
    }

    private init(position: NegentropyItem, prefixCount: Int) {
        self.position = position
        self.prefixCount = prefixCount
    }

    /// True behind every event.
    var isInfinite: Bool { position.timestamp == .max }
}
