import Nostr

/// Where the archive has what other monitors say of a relay (kind 30166), and how far back it counts: pure.
struct SecondOpinion: Sendable, Equatable {
    /// What they said so long ago counts, in seconds: the window of NIP-66's readers.
    static let window: Int32 = 21_600
    /// Events of kind 1066 looked at in one go, the newest first: what ten monitors tell in twenty minutes if each
    /// looks at 1,500 relays an hour. Too small: changes that are archived late go unheard.
    static let mostDeltas: Int32 = 5000

    /// The relay in their tag `d`: with and without the slash of an empty path.
    let identifiers: [String]
    /// The index keys of these, in the weeks that the window touches.
    let keys: [Int64]

    init(of url: RelayURL, at now: UnixTime) {
        let spec = DiscoveryEvent.identifier(url)
        identifiers = url.text == spec ? [spec] : [url.text, spec]
        let weeks = Set(
            [now.seconds - Int64(Self.window), now.seconds, now.seconds + 3600].map {
                TagKey.week(of: UnixTime(seconds: $0))
            }
        ).sorted()
        guard let name = TagName(UInt8(ascii: "d")) else {
            keys = []
            return
        }
        keys = identifiers.flatMap { text in weeks.compactMap { TagKey.key(name, Array(text.utf8), week: $0) } }
    }
}
