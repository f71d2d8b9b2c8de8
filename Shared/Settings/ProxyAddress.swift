/// The address of a SOCKS5 proxy: `socks5://[user:password@]host:port` (`socks5h` means the same here).
public struct ProxyAddress: Sendable, Hashable {
    /// Name or address, IPv6 without brackets.
    public let host: String
    /// 1 to 65535.
    public let port: Int
    /// User and password when the address carries them.
    public let user: Secret?
    /// Present when `user` is.
    public let password: Secret?

    /// nil when the text is no such address: another scheme, no port, a path.
    public init?(_ text: String) {
        guard let scheme = ["socks5://", "socks5h://"].first(where: { text.hasPrefix($0) }) else { return nil }
        var rest = text.dropFirst(scheme.count)
        if rest.hasSuffix("/") { rest = rest.dropLast() }
        let sides = rest.split(separator: "@", omittingEmptySubsequences: false)
        guard let address = sides.last, sides.count <= 2, let colon = address.lastIndex(of: ":") else { return nil }
        let digits = address[address.index(after: colon)...]
        guard let port = SettingsNumber.integer(String(digits)), (1...65_535).contains(port) else { return nil }
        guard let host = Self.host(address[..<colon]) else { return nil }
        self.host = host
        self.port = port
        let credentials = sides.count == 2 ? sides[0].split(separator: ":", maxSplits: 1) : []
        user = credentials.first.map { Secret(String($0)) }
        password = credentials.count == 2 ? Secret(String(credentials[1])) : nil
    }

    /// The address with a password replaced by dots, for printing; it still reads as the same kind of address.
    public static func withoutPassword(_ text: String) -> String {
        guard let at = text.lastIndex(of: "@"), let slashes = text.range(of: "://") else { return text }
        guard slashes < at else { return text }
        return text[...slashes] + "\(Secret.dots):\(Secret.dots)" + text[at...]
    }

    private static func host(_ text: Substring) -> String? {
        let isBracketed = text.hasPrefix("[") && text.hasSuffix("]")
        let host = isBracketed ? text.dropFirst().dropLast() : text
        let isForeign = host.utf8.contains { $0 <= 0x20 || $0 == 0x7F || $0 == UInt8(ascii: "/") || $0 == 0x5B }
        guard !host.isEmpty, !isForeign, isBracketed || !host.contains(":") else { return nil }
        return String(host)
    }
}

extension String {
    /// The position of the last character of the first occurrence.
    fileprivate func range(of needle: String) -> Index? {
        var start = startIndex
        while start < endIndex {
            if self[start...].hasPrefix(needle) { return index(start, offsetBy: needle.count - 1) }
            start = index(after: start)
        }
        return nil
    }
}
