/// Turns a host name into addresses.
public protocol AddressResolver: Sendable {
    /// The distinct IPv6 and IPv4 addresses of a name, in order of preference, at most `SystemResolver.maxAddresses`.
    /// Address literals in any form the system knows are answered too. Ends within `deadline`, whatever happens:
    /// `timeout`; other errors are `name_not_found` and `resolver_failed`.
    func addresses(of host: String, within deadline: Duration) async throws(NetError) -> [ResolvedAddress]
}
