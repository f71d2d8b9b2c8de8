import Testing

@testable import Nostr

@Suite struct RelayURLTests {
    static let tor = "2gzyxa5ihm7nsggfxnu52rck2vv4rvmdlkiu3zzui5du4xyclen53wid"
    static let i2p = String(repeating: "a2", count: 26)

    /// Spelling, normal form.
    static let spellings = [
        ("wss://relay.damus.io", "wss://relay.damus.io"), ("WSS://Relay.Damus.IO/", "wss://relay.damus.io"),
        (" \twss://a.com\r\n", "wss://a.com"), ("wss://a.com:443", "wss://a.com"), ("ws://a.com:80/", "ws://a.com"),
        ("wss://a.com:80", "wss://a.com:80"), ("ws://a.com:443", "ws://a.com:443"), ("wss://a.com:", "wss://a.com"),
        ("wss://a.com:0443/x", "wss://a.com/x"), ("wss://a.com./", "wss://a.com"),
        ("wss://a.com/Path/", "wss://a.com/Path/"), ("wss://a.com/path", "wss://a.com/path"),
        ("wss://a.com//x", "wss://a.com//x"), ("wss://a.com//", "wss://a.com//"),
        ("wss://a.com/a/./b/../c", "wss://a.com/a/c"), ("wss://a.com/..", "wss://a.com"),
        ("wss://a.com/a/..", "wss://a.com"), ("wss://a.com/a/b/..", "wss://a.com/a/"),
        ("wss://a.com/%2E%2e/x", "wss://a.com/x"), ("wss://a.com/%7euser/%c3%a9%2f", "wss://a.com/~user/%C3%A9%2F"),
        ("wss://a.com/é", "wss://a.com/%C3%A9"), ("wss://%61.com", "wss://a.com"),
        ("wss://a.com?x=1&y=%7e", "wss://a.com?x=1&y=~"), ("wss://a.com/?x=1", "wss://a.com?x=1"),
        ("wss://a.com/p?b=2&a=1", "wss://a.com/p?b=2&a=1"), ("wss://a.com/p?", "wss://a.com/p"),
        ("wss://a.com/#top", "wss://a.com"), ("wss://a.com#a/b?c", "wss://a.com"),
        ("wss://user:secret@a.com/x", "wss://a.com/x"), ("wss://a@b@a.com", "wss://a.com"),
        ("wss://a.com/?token=abc&x=1", "wss://a.com?x=1"), ("wss://a.com/p?API_KEY=1", "wss://a.com/p"),
        ("wss://a.com/?x=nsec1abc", "wss://a.com"), ("wss://xn--bcher-kva.example", "wss://xn--bcher-kva.example"),
        ("wss://under_score.a.com", "wss://under_score.a.com"), ("wss://8.8.8.8:7777", "wss://8.8.8.8:7777"),
        ("wss://010.8.8.8", "wss://8.8.8.8"), ("wss://134744072", "wss://8.8.8.8"),
        ("wss://[2606:4700:0:0::0:1111]", "wss://[2606:4700::1111]"),
        ("wss://[2606:4700:4700::1111]:7777/x", "wss://[2606:4700:4700::1111]:7777/x"),
        ("ws://\(tor).onion", "ws://\(tor).onion"), ("wss://\(tor.uppercased()).ONION", "wss://\(tor).onion"),
        ("ws://sub.\(tor).onion:8080", "ws://sub.\(tor).onion:8080"), ("ws://\(i2p).b32.i2p", "ws://\(i2p).b32.i2p"),
        ("wss://npub1xyz.a.com/npub1abc", "wss://npub1xyz.a.com/npub1abc"),
        ("wss://a.com/https://b.com", "wss://a.com/https://b.com"), ("wss://wss.a.com", "wss://wss.a.com"),
        ("wss://http.a.com:1", "wss://http.a.com:1"),
        ("wss://bücher.example", "wss://xn--bcher-kva.example"),
        ("wss://BÜCHER.example./", "wss://xn--bcher-kva.example"),
        ("wss://bu\u{308}cher.example:443", "wss://xn--bcher-kva.example"), ("wss://%C3%BC.com", "wss://xn--tda.com"),
        ("wss://中文.com/中", "wss://xn--fiq228c.com/%E4%B8%AD"), ("wss://straße.de", "wss://xn--strae-oqa.de"),
        ("wss://ＲＥＬＡＹ．example", "wss://relay.example"), ("wss://relay。example", "wss://relay.example"),
        ("wss://８.8.8.8:7777", "wss://8.8.8.8:7777"), ("wss://a_b.ü.com", "wss://a_b.xn--tda.com"),
        ("wss://ⅷ.com", "wss://viii.com"), ("wss://a%E2%80%8Bü.com", "wss://xn--a-eha.com"),
    ]

    @Test(arguments: spellings) func `has one normal form, which is its own`(_ raw: String, _ normal: String) throws {
        let url = try RelayURL.parse(raw)
        #expect(url.text == normal && "\(url)" == normal)
        #expect(try RelayURL.parse(normal) == url)
    }

    static let refusals: [(String, RelayURLError)] = [
        ("", .empty), (" \n", .empty), ("a.com", .badScheme), ("http://a.com", .badScheme),
        ("https://a.com", .badScheme),
        ("wss:a.com", .badScheme), ("wss:/a.com", .badScheme), ("://a.com", .badScheme), ("wss//a.com", .badScheme),
        ("mailto:a@b.com", .badScheme), ("wss://", .missingHost), ("wss:///x", .missingHost),
        ("wss://:80", .missingHost),
        ("wss://user@", .missingHost), ("wss://?x", .missingHost), ("wss://wss://a.com", .nestedURL),
        ("wss://https://a.com", .nestedURL), ("wss://http//a.com", .nestedURL), ("wss://a.comwss://b.com", .nestedURL),
        ("wss://a.com,wss://b.com", .nestedURL), ("wss://a.com/wss://b.com", .nestedURL),
        ("wss://a.com/ws://b.com", .nestedURL), ("wss://wss", .nestedURL), ("wss://wss./x", .nestedURL),
        ("wss://a.com/%77s://b", .nestedURL),
        ("wss://a.com/ws:/.//b", .nestedURL), ("wss://a.com wss://b.com", .forbiddenCharacter),
        ("wss://a b.com", .forbiddenCharacter), ("wss://a.com/a b", .forbiddenCharacter),
        ("wss://a.com\nwss://b.com", .forbiddenCharacter), ("wss://a\u{0}.com", .forbiddenCharacter),
        ("wss://a\u{200B}.com", .forbiddenCharacter), ("wss://a.com/\u{202E}x", .forbiddenCharacter),
        ("\u{FEFF}wss://a.com", .forbiddenCharacter), ("wss://a.com/\u{A0}", .forbiddenCharacter),
        ("wss://a.com\\x", .forbiddenCharacter), ("wss://a.com/<x>", .forbiddenCharacter),
        ("wss://a.com/{x}", .forbiddenCharacter), ("wss://a.com/\"", .forbiddenCharacter),
        ("wss://[object Object]", .forbiddenCharacter), ("wss://[object]", .badIPv6),
        ("wss://a.com/[x]", .forbiddenCharacter),
        ("wss://a..com", .badHost), ("wss://.com", .badHost), ("wss://a.com..", .badHost), ("wss://-a.com", .badHost),
        ("wss://a-.com", .badHost), ("wss://a,b.com", .badHost), ("wss://a.com,b.com", .badHost),
        ("wss://a!b.com", .badHost),
        ("wss://.", .badHost), ("wss://%2f.com", .badHost), ("wss://a%20b.com", .badHost),
        ("wss://" + String(repeating: "a", count: 64) + ".com", .badHost),
        ("wss://" + String(repeating: "abcdefg.", count: 32) + "com", .badHost),
        ("wss://256.1.1.1", .badIPv4), ("wss://1.2.3.4.5", .badIPv4), ("wss://1.2.3.256", .badIPv4),
        ("wss://4294967296", .badIPv4), ("wss://1.2.3.08", .badIPv4), ("wss://a.1", .badIPv4), ("wss://1..1", .badIPv4),
        ("wss://a.com.0x7f", .badIPv4), ("wss://[::1", .badIPv6), ("wss://[1:2:3:4:5:6:7]", .badIPv6),
        ("wss://[1:2:3:4:5:6:7:8:9]", .badIPv6), ("wss://[1::2::3]", .badIPv6), ("wss://[::12345]", .badIPv6),
        ("wss://[fe80::1%25eth0]", .badIPv6), ("wss://[::1.2.3]", .badIPv6), ("wss://[::01.2.3.4]", .badIPv6),
        ("wss://[1.2.3.4]", .badIPv6), ("wss://[]", .badIPv6), ("wss://::1", .missingHost),
        ("wss://[:1:2:3:4:5:6:7]", .badIPv6),
        ("wss://\u{300}a.com", .badIDN), ("wss://%FF.com", .badIDN), ("wss://☕.example", .badIDN),
        ("wss://ab--ü.com", .badIDN), ("wss://ü%00.com", .badHost), ("wss://ü..com", .badHost),
        ("wss://\(String(repeating: "ü", count: 80)).com", .badIDN), ("wss://ａ．ｃｏｍ／x", .badHost),
        ("wss://１.２.３.２５６", .badIPv4), ("wss://a.com:x", .badPort),
        ("wss://a.com:0", .badPort), ("wss://a.com:65536", .badPort), ("wss://a.com:-1", .badPort),
        ("wss://a.com:99999999999999999999", .badPort), ("wss://a.com:80:80", .badPort),
        ("wss://a.com/%", .badPercentEncoding), ("wss://a.com/%zz", .badPercentEncoding),
        ("wss://a.com/?%4", .badPercentEncoding), ("wss://%zz.com", .badPercentEncoding),
        ("wss://a.com/%+1", .badPercentEncoding), ("ws://expyuzz4wqqyqhjn.onion", .onionV2),
        ("ws://\(tor.dropLast())e.onion", .badOnion), ("ws://\(tor.dropLast()).onion", .badOnion),
        ("ws://b\(tor.dropFirst()).onion", .badOnion), ("ws://relay.onion", .badOnion),
        ("ws://onion1.onion", .badOnion),
        ("ws://abc.b32.i2p", .badI2P), ("ws://\(i2p.dropLast())1.b32.i2p", .badI2P), ("ws://b32.i2p", .badI2P),
        ("ws://\(String(repeating: "l", count: 52)).loki", .badLoki),
        ("ws://\(String(repeating: "y", count: 53)).loki", .badLoki),
        ("wss://a.com/" + String(repeating: "x", count: 2048), .tooLong),
        ("wss://a.com/" + String(repeating: "é", count: 600), .tooLong),
    ]

    @Test(arguments: refusals) func `is refused with a reason`(_ raw: String, _ error: RelayURLError) {
        #expect(throws: error) { try RelayURL.parse(raw) }
    }

    @Test func `every reason is met by a test, and has a name of its own`() {
        #expect(Set(Self.refusals.map(\.1)) == Set(RelayURLError.allCases))
        #expect(Set(RelayURLError.allCases.map(\.kind)).count == RelayURLError.allCases.count)
    }

    static let domains = [
        ("wss://relay.damus.io", "damus.io"), ("wss://a.b.example.co.uk/x", "example.co.uk"),
        ("wss://me.duckdns.org:4848", "me.duckdns.org"), ("wss://bücher.example", "xn--bcher-kva.example"),
        ("wss://com", "com"), ("wss://8.8.8.8:1", "8.8.8.8"), ("wss://[2606:4700::1]", "2606:4700::1"),
        ("ws://sub.\(tor).onion", "\(tor).onion"), ("ws://\(i2p).b32.i2p", "\(i2p).b32.i2p"),
        ("ws://relay.i2p", "relay.i2p"), ("ws://x.relay.loki", "relay.loki"), ("ws://localhost", "localhost"),
        ("ws://umbrel.local", "umbrel.local"),
    ]

    @Test(arguments: domains) func `has a registered domain`(_ raw: String, _ domain: String) throws {
        #expect(try RelayURL.parse(raw).registeredDomain == domain)
    }

    static let networks: [(String, Network)] = [
        ("wss://a.com", .clearnet), ("wss://8.8.8.8", .clearnet), ("wss://[2606:4700::1]", .clearnet),
        ("ws://\(tor).onion", .tor), ("wss://\(tor).onion", .tor), ("ws://\(i2p).b32.i2p", .i2p),
        ("ws://\(String(repeating: "a", count: 56)).b32.i2p", .i2p), ("ws://relay.i2p", .i2p),
        ("ws://relay.loki", .loki),
        ("ws://\(String(repeating: "189y", count: 13)).loki", .loki), ("ws://localhost:7777", .local),
        ("ws://umbrel:4848", .local), ("ws://umbrel.local:4848", .local), ("ws://relay.localhost", .local),
        ("ws://strfry.internal", .local), ("ws://x.home.arpa", .local), ("ws://x.lan", .local),
        ("ws://local.example.com", .clearnet), ("ws://onion.com", .clearnet), ("ws://relay.onion.to", .clearnet),
        ("ws://127.0.0.1:7777", .local), ("ws://127.1", .local), ("ws://１２７.0.0.1", .local), ("ws://0x7f.1", .local),
        ("ws://2130706433", .local),
        ("ws://017700000001", .local), ("ws://0x7f000001", .local), ("ws://0", .local), ("ws://10.1.2.3", .local),
        ("ws://100.64.0.1", .local), ("ws://169.254.169.254", .local), ("ws://172.16.0.1", .local),
        ("ws://172.32.0.1", .clearnet), ("ws://192.168.1.1", .local), ("ws://198.18.0.1", .local),
        ("ws://224.0.0.1", .local), ("ws://255.255.255.255", .local), ("ws://[::1]", .local), ("ws://[::]", .local),
        ("ws://[fe80::1]", .local), ("ws://[fc00::1]", .local), ("ws://[fec0::1]", .local),
        ("ws://[::ffff:8.8.8.8]", .local), ("ws://[64:ff9b::808:808]", .local), ("ws://[64:ff9b:1::1]", .local),
        ("ws://[2002:7f00:1::]", .local), ("ws://[2001::1]", .local), ("ws://[2001:db8::1]", .local),
        ("ws://[ff02::1]", .local), ("ws://[3fff::1]", .local), ("ws://[2001:4860:4860::8888]", .clearnet),
    ]

    @Test(arguments: networks) func `belongs to a network`(_ raw: String, _ network: Network) throws {
        #expect(try RelayURL.parse(raw).network == network)
    }

    @Test func `gives what a dialler needs`() throws {
        let plain = try RelayURL.parse("wss://a.com")
        #expect(plain.isSecure && plain.host == "a.com" && plain.port == 443 && plain.path == "/")
        let full = try RelayURL.parse("ws://[2606:4700::1]:8080/x/?y=1#z")
        #expect(!full.isSecure && full.host == "2606:4700::1" && full.port == 8080 && full.path == "/x/?y=1")
        #expect(try RelayURL.parse("wss://a.com?y").path == "/?y")
        #expect(try RelayURL.parse("ws://a.com").port == 80)
    }

    @Test func `tells what it stripped, never what it was`() throws {
        let (url, marks) = try RelayURL.parseMarked("wss://me:hunter2@a.com/?token=hunter2#f")
        #expect(marks == [.credentials, .secretQuery, .fragment])
        #expect(!"\(url)".contains("hunter2") && !url.path.contains("hunter2"))
        #expect(try RelayURL.parseMarked("wss://a.com/?x=1").marks.isEmpty)
    }

    @Test func `the longest URL is exactly 2,048 bytes`() throws {
        let longest = "wss://a.com/" + String(repeating: "x", count: 2036)
        #expect(try RelayURL.parse(longest).text.utf8.count == 2048)
    }

    @Test func `ws and wss, and another path, are other URLs`() throws {
        let urls = try ["ws://a.com", "wss://a.com", "wss://a.com/x", "wss://a.com/x/"].map { try RelayURL.parse($0) }
        #expect(Set(urls).count == 4)
    }
}
