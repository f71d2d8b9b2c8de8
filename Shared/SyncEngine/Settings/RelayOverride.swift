internal import Nostr
public import Settings

/// One element of `overrides`: what is different for one relay. What is absent is as for all.
public struct RelayOverride: SettingsSection {
    /// Which relay.
    public var url = ""
    /// Events asked for at once.
    public var pageSize: Int?
    /// For one page.
    public var pageTimeout: Seconds?
    /// Length of a visit.
    public var visit: Seconds?

    /// Nothing different.
    public init() {}

    /// The same ranges as the settings they stand for.
    public func validate(into problems: inout Validation) {
        problems.require(
            (try? RelayURL.parse(url)) != nil, "url", given: url.isEmpty ? "nothing" : String(url.prefix(100)),
            allowed: "a relay URL, wss:// or ws://")
        if let pageSize { problems.check("page_size", pageSize, in: 10...5_000) }
        if let pageTimeout { problems.check("page_timeout", pageTimeout, in: 0.1...3600) }
        if let visit { problems.check("visit", visit, in: 1...3600) }
    }
}

extension RelayOverride {
    /// Most elements of `overrides`.
    public static let limit = 1000

    /// The overrides by the relay they name, in whatever spelling; a text that is no relay's is left out.
    static func byRelay(_ overrides: [RelayOverride]) -> [RelayURL: RelayOverride] {
        let named = overrides.compactMap { item in (try? RelayURL.parse(item.url)).map { ($0, item) } }
        return Dictionary(named, uniquingKeysWith: { first, _ in first })
    }
}

extension Validation {
    /// The list `overrides`: bounded, and each relay once, also in another spelling.
    public mutating func check(overrides: [RelayOverride]) {
        check("overrides", overrides.count, in: 0...RelayOverride.limit)
        var seen: Set<RelayURL> = []
        for (index, item) in overrides.enumerated() {
            guard let relay = try? RelayURL.parse(item.url), !seen.insert(relay).inserted else { continue }
            require(false, "overrides.[\(index)]", given: "\(item.url) again", allowed: "each relay once")
        }
    }
}

extension SynchronizingSettings {
    /// The settings of one relay's visits.
    func of(_ relay: RelayURL) -> SynchronizingSettings {
        guard let different = overrides[relay] else { return self }
        var settings = self
        if let size = different.pageSize { settings.sync.pageSize = size }
        if let visit = different.visit { settings.budget.visit = visit }
        if let timeout = different.pageTimeout {
            settings.sync.pageTimeout = timeout
            // Silence can last no longer than the page.
            settings.sync.progressTimeout = min(settings.sync.progressTimeout, timeout)
        }
        return settings
    }
}
