import Nostr

/// Relays that asked not to be checked: pure.
struct RelayExclusions: Sendable {
    /// One line of the setting.
    enum Entry: Hashable, Sendable {
        /// One relay, in its normal form.
        case url(String)
        /// A host, and all below its name.
        case host(String)

        /// What a line may be.
        static let allowed = "a relay URL, or the name or address of a host"

        /// nil when it is neither.
        init?(_ text: String) {
            if text.contains("://") {
                guard let url = try? RelayURL.parse(text) else { return nil }
                self = .url(url.text)
                return
            }
            // An address of IPv6 stands in brackets in a URL; a name may stand with the dot that some put in front.
            let name = text.hasPrefix(".") ? String(text.dropFirst()) : text
            let host = name.contains(":") && !name.hasPrefix("[") ? "[\(name)]" : name
            guard !host.contains(where: "/?#@".contains), let url = try? RelayURL.parse("wss://\(host)") else {
                return nil
            }
            self = .host(url.host)
        }
    }

    private let entries: Set<Entry>

    /// Lines that are no entry are left out; the settings have refused them.
    init(_ lines: [String]) { entries = Set(lines.compactMap(Entry.init)) }

    /// Whether this relay is not to be checked. Costs as much as its host has labels.
    func contains(_ url: RelayURL) -> Bool {
        guard !entries.isEmpty else { return false }
        if entries.contains(.url(url.text)) || entries.contains(.host(url.host)) { return true }
        // The labels of an address are no domains, and nobody lists "0.0.1": no address ends in one that is listed.
        guard url.network != .local else { return false }
        var rest = url.host[...]
        while let dot = rest.firstIndex(of: ".") {
            rest = rest[rest.index(after: dot)...]
            if entries.contains(.host(String(rest))) { return true }
        }
        return false
    }
}
