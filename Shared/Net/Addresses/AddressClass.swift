/// What an address is for, by the special-purpose registries of IANA (RFC 6890 and what came after it).
public enum AddressClass: String, Sendable, CaseIterable {
    /// A public unicast address.
    case global
    /// The host itself.
    case loopback
    /// 10/8, 172.16/12, 192.168/16 (RFC 1918).
    case privateUse = "private"
    /// fc00::/7 (RFC 4193).
    case uniqueLocal = "unique_local"
    /// 169.254/16 and fe80::/10; clouds keep their metadata service there.
    case linkLocal = "link_local"
    /// fec0::/10, withdrawn by RFC 3879.
    case siteLocal = "site_local"
    /// 100.64/10, behind a provider's translator (RFC 6598).
    case sharedSpace = "cgnat"
    /// 0/8 and ::.
    case unspecified
    /// 224/4 and ff00::/8.
    case multicast
    /// 255.255.255.255.
    case broadcast
    /// Examples in documents.
    case documentation
    /// 198.18/15 and 2001:2::/48.
    case benchmark
    /// ::a.b.c.d, withdrawn by RFC 4291.
    case v4Compatible = "v4_compatible"
    /// ::ffff:0:a.b.c.d (RFC 2765).
    case v4Translated = "v4_translated"
    /// 64:ff9b:1::/48, a site's own translator (RFC 8215).
    case nat64Local = "nat64_local"
    /// 2002::/16 and its anycast relay 192.88.99/24.
    case sixToFour = "6to4"
    /// 2001::/32.
    case teredo
    /// Everything else that no host on the public internet has.
    case reserved

    /// Loopback, private, unique local and shared space: what a relay of one's own may have.
    /// Link-local is not among them, because of the metadata services.
    public var isLocal: Bool {
        switch self {
        case .loopback, .privateUse, .uniqueLocal, .sharedSpace: true
        default: false
        }
    }

    /// The class of an address. IPv4-mapped and NAT64 (64:ff9b::/96) addresses have the class of the IPv4 inside,
    /// because that is where the packets go.
    public init(_ address: ResolvedAddress) {
        let bytes = address.bytes
        self = bytes.count == 4 ? Self.class4(bytes[...]) : Self.class6(bytes)
    }

    private static func class4(_ bytes: ArraySlice<UInt8>) -> AddressClass {
        if bytes.elementsEqual([255, 255, 255, 255]) { return .broadcast }
        return AddressRange.v4.first { $0.contains(bytes) }?.class ?? .global
    }

    private static func class6(_ bytes: [UInt8]) -> AddressClass {
        guard let range = AddressRange.v6.first(where: { $0.contains(bytes[...]) }) else { return .reserved }
        return range.holdsIPv4 ? class4(bytes[12...]) : range.class
    }
}

/// A prefix and what it means. The first row that contains an address decides.
struct AddressRange: Sendable {
    let prefix: [UInt8]
    let bits: Int
    let `class`: AddressClass
    /// The last four bytes are an IPv4 address that decides instead.
    var holdsIPv4 = false

    init(_ prefix: [UInt8], _ bits: Int, _ class: AddressClass, holdsIPv4: Bool = false) {
        self.prefix = prefix
        self.bits = bits
        self.class = `class`
        self.holdsIPv4 = holdsIPv4
    }

    /// Whether the first `bits` bits agree; bytes that the prefix does not spell are zero.
    func contains(_ address: ArraySlice<UInt8>) -> Bool {
        var left = bits
        for (index, byte) in address.enumerated() where left > 0 {
            let expected = index < prefix.count ? prefix[index] : 0
            let mask: UInt8 = left >= 8 ? 0xFF : ~(0xFF >> UInt8(left))
            if (byte ^ expected) & mask != 0 { return false }
            left -= 8
        }
        return true
    }

    static let v4: [AddressRange] = [
        AddressRange([0], 8, .unspecified), AddressRange([10], 8, .privateUse),
        AddressRange([100, 64], 10, .sharedSpace),
        AddressRange([127], 8, .loopback), AddressRange([169, 254], 16, .linkLocal),
        AddressRange([172, 16], 12, .privateUse), AddressRange([192, 0, 0], 24, .reserved),
        AddressRange([192, 0, 2], 24, .documentation), AddressRange([192, 88, 99], 24, .sixToFour),
        AddressRange([192, 168], 16, .privateUse), AddressRange([198, 18], 15, .benchmark),
        AddressRange([198, 51, 100], 24, .documentation), AddressRange([203, 0, 113], 24, .documentation),
        AddressRange([224], 4, .multicast), AddressRange([240], 4, .reserved),
    ]

    /// The public rows come last: global unicast is 2000::/3 without the rows above it.
    static let v6: [AddressRange] = [
        AddressRange([], 128, .unspecified),
        AddressRange([0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1], 128, .loopback),
        AddressRange([0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xFF, 0xFF], 96, .global, holdsIPv4: true),
        AddressRange([0, 0, 0, 0, 0, 0, 0, 0, 0xFF, 0xFF], 96, .v4Translated),
        AddressRange([], 96, .v4Compatible),
        AddressRange([0, 0x64, 0xFF, 0x9B], 96, .global, holdsIPv4: true),
        AddressRange([0, 0x64, 0xFF, 0x9B, 0, 1], 48, .nat64Local),
        AddressRange([0x20, 0x01], 32, .teredo), AddressRange([0x20, 0x01, 0, 2], 48, .benchmark),
        AddressRange([0x20, 0x01], 23, .reserved), AddressRange([0x20, 0x01, 0x0D, 0xB8], 32, .documentation),
        AddressRange([0x20, 0x02], 16, .sixToFour), AddressRange([0x3F, 0xFF], 20, .documentation),
        AddressRange([0xFC], 7, .uniqueLocal), AddressRange([0xFE, 0x80], 10, .linkLocal),
        AddressRange([0xFE, 0xC0], 10, .siteLocal), AddressRange([0xFF], 8, .multicast),
        AddressRange([0x20], 3, .global),
    ]
}
