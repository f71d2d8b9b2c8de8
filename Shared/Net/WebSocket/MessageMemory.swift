import Synchronization

/// The bytes that messages on their way hold together, over all connections of a client: those of which a part has not
/// arrived yet.
///
/// The first bytes of each message do not count, so that ordinary ones never wait for large ones.
final class MessageMemory: Sendable {
    /// Bytes of each connection that do not count.
    static let allowance = 256 << 10

    private let state: Mutex<Int>

    init(bytes: Int) { state = Mutex(bytes) }

    /// Bytes that nobody holds.
    var free: Int { state.withLock { $0 } }

    /// Takes bytes where there are so many.
    fileprivate func take(_ bytes: Int) -> Bool {
        state.withLock { free in
            guard free >= bytes else { return false }
            free -= bytes
            return true
        }
    }

    fileprivate func give(_ bytes: Int) { state.withLock { $0 += bytes } }
}

/// What one connection holds of it; all goes back at its end.
struct MessageShare: ~Copyable {
    private let memory: MessageMemory
    private var held = 0

    init(of memory: MessageMemory) { self.memory = memory }

    deinit { memory.give(held) }

    /// Tells how many bytes wait for the rest of their message; false where there is no room for so many: then the
    /// connection reads nothing until there is.
    mutating func hold(_ bytes: Int) -> Bool {
        let wanted = max(0, bytes - MessageMemory.allowance)
        if wanted > held {
            guard memory.take(wanted - held) else { return false }
        } else if wanted < held {
            memory.give(held - wanted)
        }
        held = wanted
        return true
    }
}
