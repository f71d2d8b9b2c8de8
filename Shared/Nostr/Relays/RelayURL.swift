/// A relay's URL in the one form that BigBrotr stores (RFC 3986 section 6, NIP-01, NIP-66).
///
/// Normal form: scheme and host in lower case, no default port, no root slash, no fragment, no user and password, dot
/// segments resolved, percent-encoding in capitals and only where it is needed. Every other slash stays, `ws` and
/// `wss` stay apart, the query stays without what looks like a credential. Numeric hosts in any notation become
/// addresses, so that nothing reserved hides behind a spelling.
public struct RelayURL: Hashable, Sendable {
    /// The normal form, at most 2,048 bytes of ASCII.
    public let text: String
    /// True for `wss`.
    public let isSecure: Bool
    /// The host: a name in lower case, or an address; IPv6 without brackets.
    public let host: String
    /// 1...65535, the scheme's own (80, 443) when the URL has none.
    public let port: Int
    /// What to ask the host for: path and query, `/` when there is neither.
    public let path: String
    /// By which network the host is reached.
    public let network: Network

    /// Most bytes of a URL, before and after it is normalised: an index key must hold it.
    public static let maxBytes = 2048

    /// What a spelling lost on its way to the normal form, besides mere spelling.
    public struct Marks: OptionSet, Sendable {
        /// The bits.
        public let rawValue: UInt8
        /// A set of these bits.
        public init(rawValue: UInt8) { self.rawValue = rawValue }
        /// A user name or password stood before the host.
        public static let credentials = Marks(rawValue: 1)
        /// A query member that looks like a credential was dropped.
        public static let secretQuery = Marks(rawValue: 2)
        /// A fragment was dropped.
        public static let fragment = Marks(rawValue: 4)
    }

    /// The normal form of a spelling.
    public static func parse(_ raw: String) throws(RelayURLError) -> RelayURL {
        try parseMarked(raw).url
    }

    /// The normal form of a spelling, and what was stripped from it. Secrets are not kept anywhere.
    public static func parseMarked(_ raw: String) throws(RelayURLError) -> (url: RelayURL, marks: Marks) {
        let parts = try RelayURLParts(raw)
        let host = try RelayHost(parts.host)
        var text = parts.isSecure ? "wss://" : "ws://"
        text += host.isIPv6 ? "[\(host.text)]" : host.text
        if let port = parts.port, port != parts.defaultPort { text += ":\(port)" }
        let path = try PercentEncoding.normalizedPath(parts.path)
        let query = try PercentEncoding.normalizedQuery(parts.query)
        text += (path == "/" ? "" : path) + query.text
        // Decoding and dot segments may bring forth what the spelling hid.
        guard !RelayURLParts.holdsRelayURL(text.utf8.dropFirst(parts.isSecure ? 6 : 5)) else { throw .nestedURL }
        guard text.utf8.count <= maxBytes else { throw .tooLong }
        let url = RelayURL(
            text: text, isSecure: parts.isSecure, host: host.text, port: parts.port ?? parts.defaultPort,
            path: (path.isEmpty ? "/" : path) + query.text, network: host.network)
        return (url, query.hadSecrets ? parts.marks.union(.secretQuery) : parts.marks)
    }
}

extension RelayURL: CustomStringConvertible {
    /// The normal form.
    public var description: String { text }

    /// Two URLs are one when their texts are; everything else follows from it.
    public static func == (left: RelayURL, right: RelayURL) -> Bool { left.text == right.text }

    /// Feeds the text.
    public func hash(into hasher: inout Hasher) { hasher.combine(text) }
}
