/// What goes through a mailbox: items and, after the last one, an end that stays.
protocol MailboxItem: Sendable {
    /// Why nothing follows.
    associatedtype End: Sendable

    /// The item that says so.
    static func end(_ end: End) -> Self

    /// What it counts against the bytes that may wait.
    var byteCount: Int { get }
}

extension SubscriptionItem: MailboxItem {
    var byteCount: Int {
        if case .events(let chunk) = self { chunk.bytes.count } else { 0 }
    }
}

/// An item of a mailbox through which nothing goes but the end.
struct Settled<End: Sendable>: MailboxItem {
    let end: End

    static func end(_ end: End) -> Settled { Settled(end: end) }

    var byteCount: Int { 0 }
}

extension ReconciliationItem: MailboxItem {
    var byteCount: Int {
        if case .message(let bytes) = self { bytes.count } else { 0 }
    }
}
