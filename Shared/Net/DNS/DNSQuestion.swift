/// What name servers are asked: a name, and a type of record.
public struct DNSQuestion: Sendable, Hashable {
    /// Types of records (RFC 1035, 3.2.2; RFC 3596, 2.1). The raw values are those on the wire.
    public enum Kind: UInt16, Sendable, CaseIterable {
        /// IPv4 addresses.
        case a = 1
        /// Name servers of a zone.
        case ns = 2
        /// Names of an address.
        case ptr = 12
        /// IPv6 addresses.
        case aaaa = 28
    }

    /// In lower case, without a dot at its end.
    public let name: String
    /// See `Kind`.
    public let kind: Kind

    /// The given name, its spelling made even.
    public init(_ name: String, _ kind: Kind) {
        let name = name.lowercased()
        self.name = name.hasSuffix(".") ? String(name.dropLast()) : name
        self.kind = kind
    }

    /// For the names of an address, which stand under its digits in reverse (RFC 1035, 3.5; RFC 3596, 2.5).
    public init(pointerTo address: ResolvedAddress) {
        let labels =
            address.isIPv4
            ? address.bytes.reversed().map { String($0) }
            : address.bytes.reversed().flatMap { [$0 & 0xF, $0 >> 4] }.map { String($0, radix: 16) }
        self.init((labels + [address.isIPv4 ? "in-addr" : "ip6", "arpa"]).joined(separator: "."), .ptr)
    }
}
