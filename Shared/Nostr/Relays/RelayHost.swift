/// The host of a relay URL in normal form, and the network it lives in.
struct RelayHost {
    /// A name in lower case without a trailing dot, or an address without brackets.
    let text: String
    let network: Network
    let isIPv6: Bool

    init(_ raw: [UInt8]) throws(RelayURLError) {
        if raw.first == UInt8(ascii: "[") {
            guard raw.last == UInt8(ascii: "]"),
                case .v6(let high, let low)? = IPLiteral.v6(String(decoding: raw.dropFirst().dropLast(), as: UTF8.self))
            else { throw .badIPv6 }
            text = IPLiteral.v6(high: high, low: low).text
            network = ReservedAddress.contains(v6: high, low) ? .local : .clearnet
            isIPv6 = true
            return
        }
        let name = try Self.name(raw)
        isIPv6 = false
        if IPLiteral.endsInNumber(name) {
            guard case .v4(let address)? = IPLiteral.v4(name) else { throw .badIPv4 }
            text = IPLiteral.v4(address).text
            network = ReservedAddress.contains(v4: address) ? .local : .clearnet
            return
        }
        // A scheme where the host should be: two schemes were put in front of one URL.
        if ["http", "https", "ws", "wss"].contains(name) { throw .nestedURL }
        try Self.checkLabels(name)
        text = name
        network = try Self.network(of: name)
    }

    /// Percent-encoding resolved, A-labels, lower case, one trailing dot dropped.
    private static func name(_ raw: [UInt8]) throws(RelayURLError) -> String {
        var decoded: [UInt8] = []
        var index = 0
        while index < raw.count {
            if raw[index] == UInt8(ascii: "%") {
                let digits = String(decoding: raw[(index + 1)...].prefix(2), as: UTF8.self)
                guard digits.utf8.count == 2, digits.allSatisfy(\.isHexDigit), let byte = UInt8(digits, radix: 16)
                else { throw .badPercentEncoding }
                decoded.append(byte)
                index += 3
            } else {
                decoded.append(raw[index])
                index += 1
            }
        }
        if !decoded.allSatisfy({ $0 < 0x80 }) { decoded = try IDN.asciiName(decoded) }
        if decoded.count > 1, decoded.last == UInt8(ascii: ".") { decoded.removeLast() }
        return String(decoding: decoded, as: UTF8.self).lowercased()
    }

    /// RFC 1123 labels; the underscore is not allowed there, but relays with one exist and resolve.
    private static func checkLabels(_ name: String) throws(RelayURLError) {
        guard name.utf8.count <= 253 else { throw .badHost }
        for label in name.split(separator: ".", omittingEmptySubsequences: false) {
            let isSpelled = label.utf8.allSatisfy {
                (0x30...0x39).contains($0) || (0x61...0x7A).contains($0) || $0 == 0x2D || $0 == 0x5F
            }
            guard isSpelled, (1...63).contains(label.utf8.count), !label.hasPrefix("-"), !label.hasSuffix("-")
            else { throw .badHost }
        }
    }

    private static func network(of name: String) throws(RelayURLError) -> Network {
        let labels = name.split(separator: ".")
        guard let last = labels.last, labels.count > 1 else { return .local }
        let label = String(labels[labels.count - 2])
        switch last {
        case "onion":
            try OverlayAddress.checkOnion(label)
            return .tor
        case "i2p":
            try OverlayAddress.checkI2P(labels.dropLast().map(String.init))
            return .i2p
        case "loki":
            try OverlayAddress.checkLoki(label)
            return .loki
        default:
            return localSuffixes.contains(String(last)) || name.hasSuffix(".home.arpa") ? .local : .clearnet
        }
    }

    /// Top labels that no public name server knows (RFC 6761, RFC 6762, ICANN's .internal) or that routers use at home.
    private static let localSuffixes: Set<String> = [
        "localhost", "local", "internal", "localdomain", "lan", "home", "corp", "intranet",
    ]
}
