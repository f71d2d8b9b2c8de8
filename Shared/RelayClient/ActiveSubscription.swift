import Nostr

/// A subscription as its connection sees it. Event loop only.
final class ActiveSubscription {
    let number: Int
    let id: String
    let idBytes: [UInt8]
    let storedUntil: UnixTime?
    let mailbox: Mailbox<SubscriptionItem>
    var state: SubscriptionState
    var builder = ChunkBuilder()

    init(number: Int, limits: SubscriptionLimits, now: Duration, received: Int) {
        self.number = number
        id = Self.id(number)
        idBytes = [UInt8](id.utf8)
        storedUntil = limits.storedUntil
        mailbox = Mailbox(limitBytes: limits.bufferedBytes)
        state = SubscriptionState(limits: limits, now: now, received: received)
    }

    /// Whether these bytes are the id.
    func hasID(_ bytes: UnsafeBufferPointer<UInt8>) -> Bool {
        bytes.count == idBytes.count && bytes.elementsEqual(idBytes)
    }

    /// "s1", "s2", ...: short, because every EVENT repeats it.
    static func id(_ number: Int) -> String { "s\(number)" }

    /// The number in an id of ours; nil for anything else.
    static func number(_ bytes: some Collection<UInt8>) -> Int? {
        guard bytes.first == UInt8(ascii: "s"), bytes.count <= 10 else { return nil }
        return Int(String(decoding: bytes.dropFirst(), as: UTF8.self))
    }
}
