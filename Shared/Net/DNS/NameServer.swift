/// Where a name server listens: "192.0.2.53", "192.0.2.53:5353", "2001:db8::35", "[2001:db8::35]:5353".
public struct NameServer: Sendable, Hashable, CustomStringConvertible {
    /// An address; servers are not found by name. It is exempt from the address guard, as proxies are.
    public let address: ResolvedAddress
    /// 1 to 65535.
    public let port: Int

    /// nil for anything else.
    public init?(_ text: String) {
        if let plain = ResolvedAddress(literal: text) {
            (address, port) = (plain, 53)
            return
        }
        guard let colon = text.lastIndex(of: ":"), let port = UInt16(text[text.index(after: colon)...]), port > 0 else {
            return nil
        }
        let host = text[..<colon]
        let isBracketed = host.hasPrefix("[") && host.hasSuffix("]")
        let bare = isBracketed ? host.dropFirst().dropLast() : host
        guard let address = ResolvedAddress(literal: String(bare)), address.isIPv4 != isBracketed else { return nil }
        (self.address, self.port) = (address, Int(port))
    }

    /// With the port, and with brackets round IPv6.
    public var description: String { address.isIPv4 ? "\(address):\(port)" : "[\(address)]:\(port)" }
}
