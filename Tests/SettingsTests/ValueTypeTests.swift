import Settings
import Testing

@Suite struct ValueTypeTests {
    @Test(arguments: [("0", 0.0), ("0.5", 0.5), ("30", 30.0), ("1e3", 1000.0), ("1000000000", 1e9), (".5", 0.5)])
    func `seconds are decimal numbers`(text: String, value: Double) {
        #expect(Seconds(settingText: text)?.value == value)
    }

    @Test(arguments: ["", "-1", "1000000001", "1s", "nan", "inf", "0x1p4", "1e", "1.2.3", "1_000", " 1", "1e+999", "."])
    func `anything else is no number of seconds`(text: String) {
        #expect(Seconds(settingText: text) == nil)
    }

    @Test(arguments: [
        ("0", 0), ("1000", 1000), ("1 KiB", 1024), ("64KiB", 65_536), ("4 MiB", 4_194_304), ("1 GiB", 1_073_741_824),
        ("8388608 GiB", 9_007_199_254_740_992), ("7 B", 7),
    ])
    func `bytes may carry a unit`(text: String, bytes: Int) {
        #expect(ByteCount(settingText: text)?.bytes == bytes)
    }

    @Test(arguments: ["", "KiB", "-1", "1.5 MiB", "1 MB", "9223372036854775807 GiB", "8388609 GiB", "1  KiB"])
    func `anything else is no number of bytes`(text: String) {
        #expect(ByteCount(settingText: text) == nil)
    }

    @Test(arguments: [0, 1, 1023, 1024, 1536, 65_536, 1 << 20, 1 << 30, (1 << 53) - 1])
    func `bytes read back what they print`(bytes: Int) {
        #expect(ByteCount(bytes).map(\.settingText).flatMap(ByteCount.init(settingText:))?.bytes == bytes)
    }

    @Test(arguments: [
        (1, 1.0), (2, 2.0), (3, 4.0), (4, 8.0), (5, 10.0), (60, 10.0), (Int.max, 10.0), (0, 1.0), (Int.min, 1.0),
    ])
    func `the delay doubles up to its ceiling`(attempt: Int, seconds: Double) {
        #expect(RetrySettings().delay(afterAttempt: attempt) == .seconds(seconds))
    }

    @Test func `jitter moves the delay by a quarter each way, never over the ceiling`() {
        let retry = RetrySettings(maxAttempts: 3, initialDelay: 4, maxDelay: 5)
        #expect(retry.delay(afterAttempt: 1, jitter: 0) == .seconds(3))
        #expect(retry.delay(afterAttempt: 1, jitter: 1) == .seconds(5))
        #expect(retry.delay(afterAttempt: 1, jitter: .nan) <= .seconds(5))
    }

    @Test func `without exponential backoff every delay is the first`() {
        let retry = RetrySettings(maxAttempts: 3, initialDelay: 4, maxDelay: 50, exponentialBackoff: false)
        #expect(retry.delay(afterAttempt: 9) == .seconds(4))
    }

    @Test(arguments: [
        ("socks5://127.0.0.1:9050", "127.0.0.1", 9050), ("socks5h://tor:9050/", "tor", 9050),
        ("socks5://[::1]:1", "::1", 1),
        ("socks5://u:p@h:65535", "h", 65_535),
    ])
    func `proxies are host and port`(text: String, host: String, port: Int) {
        #expect(ProxyAddress(text)?.host == host)
        #expect(ProxyAddress(text)?.port == port)
    }

    @Test(arguments: [
        "", "127.0.0.1:9050", "http://h:1", "socks5://h", "socks5://h:0", "socks5://h:65536", "socks5://:1",
        "socks5://a:b:1", "socks5://h:1/x", "socks5://a@b@h:1", "socks5://h h:1", "socks5://[h]]:x",
    ])
    func `anything else is no proxy`(text: String) {
        #expect(ProxyAddress(text) == nil)
    }

    @Test func `networks allow what the defaults say`() {
        let networks = NetworksSettings()
        #expect(networks.clearnet.enabled)
        #expect(!networks.local.enabled && !networks.tor.enabled && !networks.i2p.enabled && !networks.loki.enabled)
    }

    @Test func `an overlay network needs a proxy, and a variable can give it`() throws {
        struct File: SettingsSection {
            var networks = NetworksSettings()
        }
        let yaml = "networks:\n  tor:\n    enabled: true\n"
        let error = #expect(throws: SettingsError.self) { try SettingsLoader.load(File.self, yaml: yaml, source: "f") }
        #expect(
            error?.description == "f:3: networks.tor.enabled: given true without a proxy, "
                + "allowed false, or true together with networks.tor.proxy or SOCKS5_PROXY_URL")
        let file = try SettingsLoader.load(
            File.self, yaml: yaml, environment: Environment(["SOCKS5_PROXY_URL": "socks5://u:pw@tor:9050"]),
            bindings: [EnvironmentBinding("SOCKS5_PROXY_URL", "networks.tor.proxy")])
        #expect(file.networks.tor.proxy == "socks5://u:pw@tor:9050")
        #expect(!SettingsPrinter.text(file).contains("pw"))
    }
}
