import Nostr

// NIP-66, "Relay Discovery Events". https://github.com/nostr-protocol/nips/blob/master/66.md

/// What one check says about a relay, as an event of kind 30166: pure.
///
/// The spec's tags and no others. What was measured wins over what the relay says about itself.
struct DiscoveryEvent: Sendable {
    /// Addressable: of a relay only the newest counts.
    static let kind: UInt16 = 30_166
    /// Most tags of one name; a document may list anything.
    private static let mostOfAName = 100
    /// Namespace of countries, two letters.
    static let country = "ISO-3166-1"
    /// Longest topic or label, in bytes.
    private static let longestWord = 100

    /// Which relay.
    var url: RelayURL
    /// What was found.
    var report: CheckReport
    /// Largest information document that is passed on, in bytes.
    var mostContent: Int
    /// Where the relay is, as a geohash (NIP-52); nil when nobody looked.
    var geohash: String?
    /// Further labels (NIP-32): value and namespace.
    var labels: [(value: String, namespace: String)] = []

    /// The URL as RFC 3986 (6.2.3) and the example of NIP-66 write it: an empty path is a slash.
    static func identifier(_ url: RelayURL) -> String {
        let isBare = url.path == "/" || url.path.hasPrefix("/?")
        guard isBare, !url.text.hasSuffix(url.path) else { return url.text }
        return String(url.text.dropLast(url.path.utf8.count - 1)) + url.path
    }

    /// Everything but `d` and the round trips: what does not change from check to check as long as the relay does not.
    var steadyTags: [[String]] {
        var tags: [[String]] = []
        if url.network != .local { tags.append(["n", url.network.rawValue]) }
        tags += (nip11?.supportedNIPs ?? []).prefix(Self.mostOfAName).map { ["N", String($0)] }
        tags += RelayRequirements(report).values.map { ["R", $0] }
        tags += topics.map { ["t", $0] }
        tags += refusedKinds.map { ["k", "!\($0)"] }
        if let geohash { tags.append(["g", geohash]) }
        return tags + labelTags
    }

    /// All tags, `d` first.
    var tags: [[String]] { [["d", Self.identifier(url)]] + steadyTags + roundTrips }

    /// The relay's own document as it came, where it is not too long and a JSON object; else nothing.
    var content: String {
        guard let nip11, nip11.raw.count <= mostContent, !nip11.raw.contains(0),
            !nip11.defects.contains(where: { $0.hasPrefix("document:") }),
            let text = String(validating: nip11.raw, as: UTF8.self)
        else { return "" }
        return text
    }

    private var nip11: NIP11Document? { report.nip11?.document }

    private var roundTrips: [[String]] {
        let times: [(String, Duration?)] = [
            ("rtt-open", report.open.isSuccess ? report.open.duration : nil), ("rtt-read", report.read?.roundTrip),
            ("rtt-write", report.write?.isSuccess == true ? report.write?.roundTrip : nil),
        ]
        return times.compactMap { name, time in time.map { [name, String($0.milliseconds)] } }
    }

    private var topics: [String] {
        Self.distinct((nip11?.lists[.tags] ?? []).filter { Self.isWord($0) })
    }

    /// Kinds that the relay says it does not keep at all: `retention` of NIP-11 with a time or count of zero.
    private var refusedKinds: [Int64] {
        let nothing = JSONValue.integer(0)
        let rules = nip11?.retention?.elements.filter { $0["time"] == nothing || $0["count"] == nothing } ?? []
        let kinds = rules.flatMap { $0["kinds"]?.elements ?? [] }.compactMap { kind -> Int64? in
            guard case .number(let number) = kind, let kind = number.integer else { return nil }
            return (0...65_535).contains(kind) ? kind : nil
        }
        return Self.distinct(kinds)
    }

    /// NIP-32: the namespaces, then the labels. The country that was found wins over those that the relay claims.
    private var labelTags: [[String]] {
        let languages = (nip11?.lists[.languageTags] ?? []).filter { $0.utf8.count == 2 }
        let isPlaced = labels.contains { $0.namespace == Self.country }
        let countries = isPlaced ? [] : (nip11?.lists[.relayCountries] ?? []).filter { $0.utf8.count == 2 }
        let told =
            Self.distinct(languages.map { $0.lowercased() }).map { (value: $0, namespace: "ISO-639-1") }
            + Self.distinct(countries.map { $0.uppercased() }).map { (value: $0, namespace: Self.country) }
        let all = (told + labels).filter { Self.isWord($0.value) && $0.value.utf8.allSatisfy { $0 != 0x2A } }
        return Self.distinct(all.map(\.namespace)).map { ["L", $0] }
            + Self.distinct(all.map { ["l", $0.value, $0.namespace] })
    }

    private static func isWord(_ text: String) -> Bool {
        !text.isEmpty && text.utf8.count <= longestWord && !text.unicodeScalars.contains { $0.value < 0x20 }
    }

    private static func distinct<Value: Hashable>(_ values: [Value]) -> [Value] {
        var seen: Set<Value> = []
        return Array(values.filter { seen.insert($0).inserted }.prefix(mostOfAName))
    }
}
