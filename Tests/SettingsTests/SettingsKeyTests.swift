import Testing

@testable import Settings

@Suite struct SettingsKeyTests {
    @Test(arguments: [
        ("host", "host"), ("maxSize", "max_size"),
        ("maxInactiveConnectionLifetime", "max_inactive_connection_lifetime"),
        ("proxyURL", "proxy_url"), ("URLPath", "url_path"), ("i2p", "i2p"), ("nip11Body", "nip11_body"), ("", ""),
    ])
    func `properties become keys in snake case`(property: String, key: String) {
        #expect(SettingsKey.name(property) == key)
    }
}
