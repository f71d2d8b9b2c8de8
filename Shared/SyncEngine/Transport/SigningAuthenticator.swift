internal import Crypto
internal import Glibc
public import Nostr
public import RelayClient

/// Answers challenges (NIP-42) with a key of its own, made with it and kept nowhere: it says that one client asks, and
/// not who. It is never the service's key, which would link what an operator publishes with what is read here.
public struct SigningAuthenticator: RelayAuthenticator {
    private let key = SecretKey.random()
    private let now: @Sendable () -> UnixTime

    /// A new key. `now` is the time that answers carry; relays allow about ten minutes of difference.
    public init(now: @escaping @Sendable () -> UnixTime) { self.now = now }

    /// The event for this challenge, for this relay and for no other.
    public func answer(challenge: String, relay: RelayURL) -> Event? {
        NIP42Authentication.answer(to: challenge, of: relay, at: now()).sign(with: key)
    }
}

extension UnixTime {
    /// This machine's wall clock, for what is shown to relays and compared with nothing.
    public static func wallClock() -> UnixTime {
        var time = timespec()
        // The wall clock: relays compare an answer's time with theirs.
        clock_gettime(CLOCK_REALTIME, &time)
        return UnixTime(seconds: Int64(time.tv_sec))
    }
}
