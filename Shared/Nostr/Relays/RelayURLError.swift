/// Why a text is not a relay's URL. The raw values are stable: reports on seeds and candidates count them.
public enum RelayURLError: String, Error, Sendable, CaseIterable {
    /// Nothing but blanks.
    case empty
    /// More than 2,048 bytes, as given or in normal form.
    case tooLong = "too_long"
    /// Blanks, control, zero-width or direction characters, or ASCII that no URL may hold.
    case forbiddenCharacter = "forbidden_character"
    /// No `ws://` or `wss://` in front.
    case badScheme = "bad_scheme"
    /// A second URL stands inside, as in `wss://wss://a.com` or two glued together.
    case nestedURL = "nested_url"
    /// No host.
    case missingHost = "missing_host"
    /// A host name with empty, too long or wrongly spelled labels.
    case badHost = "bad_host"
    /// A host that is meant as an IPv4 address and is none in any notation.
    case badIPv4 = "bad_ipv4"
    /// Square brackets around something that is no IPv6 address; zones are refused too.
    case badIPv6 = "bad_ipv6"
    /// A host name with characters beyond ASCII that UTS #46 does not allow.
    case badIDN = "bad_idn"
    /// A port that is no number of 1...65535.
    case badPort = "bad_port"
    /// `%` without two hex digits.
    case badPercentEncoding = "bad_percent_encoding"
    /// An onion address of version 2; the network dropped them in 2021.
    case onionV2 = "onion_v2"
    /// An onion address of wrong length, alphabet, checksum or version.
    case badOnion = "bad_onion"
    /// An I2P address of wrong length or alphabet.
    case badI2P = "bad_i2p"
    /// A Lokinet address of wrong length or alphabet.
    case badLoki = "bad_loki"

    /// The stable name.
    public var kind: String { rawValue }
}
