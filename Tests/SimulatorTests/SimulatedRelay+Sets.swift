import Crypto
import Nostr
import Support

/// How it compares sets (NIP-77).
extension SimulatedRelay {
    enum SetRefusal: Error { case unknown, unsupported, tooMany, disconnected }

    /// It may have named what it never showed.
    var comparesSets: Bool { if case .unknown = vices.sets { false } else { true } }

    /// What it says it has of what a filter asks for.
    mutating func set(_ filter: Filter, at now: Duration) -> Result<NegentropySet, SetRefusal> {
        if let refusal = refusal() { return .failure(refusal) }
        if chance(vices.disconnects) { return .failure(.disconnected) }
        let (lo, hi) = (
            filter.since.map { $0.seconds + (vices.isSinceExclusive ? 1 : 0) } ?? .min,
            filter.until.map { $0.seconds - (vices.isUntilExclusive ? 1 : 0) } ?? .max
        )
        let events = held[places(lo, hi)]
            .filter { $0.isThere(at: now) && filter.asks(for: $0.event) }.map(\.event)
        if case .limited(let most) = vices.sets, events.count > most { return .failure(.tooMany) }
        // What no reader can take is nothing to compare.
        var items = events.filter(\.isValid)
            .map { NegentropyItem(createdAt: UnixTime(seconds: $0.createdAt), id: $0.id) }
        switch vices.sets {
        case .partial(let distance): items = items.enumerated().filter { $0.offset % distance > 0 }.map(\.element)
        case .shifted(let seconds):
            items = items.map {
                NegentropyItem(createdAt: UnixTime(seconds: $0.createdAt.seconds + seconds), id: $0.id)
            }
        default: break
        }
        if case .lies(let count) = vices.sets, let first = items.first {
            items += (0..<count).map { NegentropyItem(createdAt: first.createdAt, id: SHA256.hash([UInt8($0)])) }
        }
        if case .misplaced(let count) = vices.sets, let first = items.first {
            let known = Set(events.map(\.id))
            items += held.map(\.event).filter { $0.isValid && !known.contains($0.id) }.prefix(count)
                .map { NegentropyItem(createdAt: first.createdAt, id: $0.id) }
        }
        return .success(NegentropySet(items))
    }

    private mutating func refusal() -> SetRefusal? {
        switch vices.sets {
        case .unknown: return .unknown
        case .breaks(let most), .ends(let most):
            setsAsked += 1
            guard setsAsked > most else { return nil }
            if case .ends = vices.sets { return .unsupported }
            return .disconnected
        default: return nil
        }
    }

    /// The message that it sends whatever it is told; nil where it answers as it should.
    mutating func fixedMessage() -> [UInt8]? {
        let version: UInt8 = 0x61
        let (infinity, noPrefix, fingerprint): (UInt8, UInt8, UInt8) = (0, 0, 1)
        switch vices.sets {
        // One range over everything whose fingerprint is never the same.
        case .endless:
            return [version, infinity, noPrefix, fingerprint] + (0..<16).map { _ in chance(0.5) ? 0xA5 : 0x5A }
        // Two bounds in one second, the second one below the first.
        case .malformed: return [version, 101, 1, 0xFF, 0, 1, 1, 0x01, 0]
        case .compared, .unknown, .limited, .lies, .misplaced, .partial, .shifted, .breaks, .ends: return nil
        }
    }
}
