import Net
import Settings

/// Section `checks`.
struct CheckSettings: SettingsSection {
    /// From one full check of a relay that is up to the next. Too small: relays are bothered; too large: what changes
    /// is published late.
    var period: Seconds = 3600
    /// From one light check (connection and request) to the next, between full ones; from `period` on there are none.
    /// Too small: relays are bothered; too large: outages go unseen.
    var lightPeriod: Seconds = 900
    /// For one check with all its probes. Too small: slow relays count as down.
    var timeout: Seconds = 60
    /// Checks at one time in one replica and network, 1 to 10,000; a network's `max_connections` is a bound too.
    var concurrency = 100
    /// Checks that last longer than a second give their slot to another one and wait beside them: so many at one time
    /// in one replica and network, beside `max_connections` too, 0 to 10,000; none behind a proxy. Too few: silent
    /// relays hold up the others.
    var waiting = 1_000
    /// Checks at one time of relays behind one host, which is an address, or a name as long as nobody has connected
    /// to it, 1 to 1,000. Further relays come again one after the other, so many an interval. Too many: hosts with
    /// many relays are bothered; too few: these are checked late.
    var perHost = 4
    /// For the answer to a request. Too small: slow relays count as unreadable, and as down when they say nothing else.
    var readTimeout: Seconds = 10
    /// For the information document (NIP-11). Too small: slow servers seem to have none.
    var nip11Timeout: Seconds = 10
    /// Of the document, after decompression; the table takes 256 KiB. Too small: documents of relays with much to say
    /// are not kept.
    var nip11Bytes: ByteCount = .kibibytes(256)
    /// Followed on the way to the document; every target is checked as the relay itself was. Too small: documents that
    /// were moved are not found.
    var nip11Redirects = 3
    /// For a handshake that looks at the certificate. Too small: slow servers seem to have none.
    var tlsTimeout: Seconds = 10
    /// For all that name servers are asked about one host. Too small: slow zones seem to hold nothing.
    var dnsTimeout: Seconds = 5
    /// Whom to ask: addresses with or without a port, at most 8; none means those of the system.
    var dnsServers: [String] = []
    /// Where addresses are looked up.
    var geo = GeoSettings()
    /// From a first failure to the check that confirms it; the shortest wait between checks of a relay that is down.
    var confirmation: Seconds = 120
    /// The longest wait between checks of a relay that is down. Too large: a late return goes unseen.
    var longestWait: Seconds = 604_800
    /// A relay that has been down for so long counts as dead.
    var deadAfter: Seconds = 604_800
    /// A check that is so late leaves a gap: of the time since it was due nothing is known. Too small: a restart leaves
    /// gaps everywhere; too large: uptime is claimed for time in which nobody looked.
    var unwatchedAfter: Seconds = 10_800

    /// Whether relays take events of ours.
    var write = WriteCheckSettings()
    /// Whether what other monitors say of a relay (kinds 30166 and 1066 in the archive) is stored beside each check of
    /// ours. Costs a look-up a check, and at most one a minute besides.
    var secondOpinion = true
    /// Relays that asked not to be checked: URLs, or names of hosts and domains with all below them; at most 10,000.
    var exclude: [String] = []

    func validate(into problems: inout Validation) {
        problems.check("period", period, in: 1...2_592_000)
        problems.check("light_period", lightPeriod, in: 1...2_592_000)
        problems.check("timeout", timeout, in: 0.1...600)
        problems.check("concurrency", concurrency, in: 1...10_000)
        problems.check("waiting", waiting, in: 0...10_000)
        problems.check("per_host", perHost, in: 1...1_000)
        problems.check("read_timeout", readTimeout, in: 0.1...600)
        problems.check("nip11_timeout", nip11Timeout, in: 0.1...600)
        problems.check("nip11_bytes", nip11Bytes, in: .kibibytes(1)...(.kibibytes(256)))
        problems.check("nip11_redirects", nip11Redirects, in: 0...10)
        problems.check("tls_timeout", tlsTimeout, in: 0.1...600)
        problems.check("dns_timeout", dnsTimeout, in: 0.1...600)
        problems.check("dns_servers", dnsServers.count, in: 0...8)
        for (index, server) in dnsServers.enumerated() where NameServer(server) == nil {
            problems.require(
                false, "dns_servers.[\(index)]", given: String(server.prefix(100)),
                allowed: "an address, with or without a port: 192.0.2.53, 192.0.2.53:53, [2001:db8::35]:53")
        }
        problems.check("confirmation", confirmation, in: 0.1...86_400)
        problems.check("longest_wait", longestWait, in: 1...31_536_000)
        problems.check("dead_after", deadAfter, in: 1...31_536_000)
        problems.check("unwatched_after", unwatchedAfter, in: 1...31_536_000)
        problems.check("exclude", exclude.count, in: 0...10_000)
        for (index, entry) in exclude.enumerated() where RelayExclusions.Entry(entry) == nil {
            problems.require(
                false, "exclude.[\(index)]", given: String(entry.prefix(100)), allowed: RelayExclusions.Entry.allowed)
        }
        problems.require(
            timeout < period, "timeout", given: timeout.settingText, allowed: "less than period (\(period.settingText))"
        )
        problems.require(
            confirmation <= longestWait, "confirmation", given: confirmation.settingText,
            allowed: "at most longest_wait (\(longestWait.settingText))")
    }

    /// The same as rules.
    var plan: MonitorPlan {
        MonitorPlan(
            period: period.duration, lightPeriod: lightPeriod.duration, confirmation: confirmation.duration,
            longestWait: longestWait.duration,
            deadAfter: deadAfter.duration, unwatchedAfter: unwatchedAfter.duration)
    }
}
