import Nostr
import Settings

/// One element of `overrides`: what is different for one relay. What is absent is as for all.
struct RelayOverride: SettingsSection {
    /// Which relay.
    var url = ""
    /// Events asked for at once.
    var pageSize: Int?
    /// For one page.
    var pageTimeout: Seconds?
    /// Length of a visit.
    var visit: Seconds?

    func validate(into problems: inout Validation) {
        problems.require(
            (try? RelayURL.parse(url)) != nil, "url", given: url.isEmpty ? "nothing" : String(url.prefix(100)),
            allowed: "a relay URL, wss:// or ws://")
        if let pageSize { problems.check("page_size", pageSize, in: 10...5_000) }
        if let pageTimeout { problems.check("page_timeout", pageTimeout, in: 0.1...3600) }
        if let visit { problems.check("visit", visit, in: 1...3600) }
    }
}
