import CPSL

extension RelayURL {
    /// Whoever can make up hosts like this one: the registered domain (one label under a public suffix, by
    /// https://publicsuffix.org), the address of a numeric host, the key or name of an overlay host.
    public var registeredDomain: String {
        switch network {
        case .tor, .loki: return lastLabels(2)
        case .i2p: return lastLabels(host.hasSuffix(".b32.i2p") ? 3 : 2)
        case .clearnet, .local: break
        }
        guard !host.contains(":"), !IPLiteral.endsInNumber(host) else { return host }
        // The list that the library brings; it is never freed and only read.
        guard let list = psl_builtin(), let domain = psl_registrable_domain(list, host) else { return host }
        return String(cString: domain)
    }

    private func lastLabels(_ count: Int) -> String {
        host.split(separator: ".").suffix(count).joined(separator: ".")
    }
}
