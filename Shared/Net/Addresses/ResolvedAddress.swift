import Glibc
import NIOCore

/// One address of a host, without a port.
public struct ResolvedAddress: Hashable, Sendable, CustomStringConvertible {
    /// 4 bytes (IPv4) or 16 (IPv6), network order.
    public let bytes: [UInt8]

    /// nil unless there are 4 or 16 bytes.
    public init?(bytes: [UInt8]) {
        guard bytes.count == 4 || bytes.count == 16 else { return nil }
        self.bytes = bytes
    }

    /// An IPv4 address from its four parts.
    public init(_ a: UInt8, _ b: UInt8, _ c: UInt8, _ d: UInt8) { bytes = [a, b, c, d] }

    /// nil for anything that is no plain address literal: no names, no zones, no ports, no octal or short forms.
    public init?(literal: String) {
        // Plain bytes, because `in_addr` belongs to whichever C module the compiler met first.
        var bytes = [UInt8](repeating: 0, count: 16)
        if inet_pton(AF_INET, literal, &bytes) == 1 {
            self.bytes = Array(bytes.prefix(4))
        } else if inet_pton(AF_INET6, literal, &bytes) == 1 {
            self.bytes = bytes
        } else {
            return nil
        }
    }

    /// nil for a Unix socket.
    init?(_ address: SocketAddress) {
        guard let text = address.ipAddress, let plain = text.split(separator: "%").first else { return nil }
        self.init(literal: String(plain))
    }

    /// Whether it has 4 bytes.
    public var isIPv4: Bool { bytes.count == 4 }

    /// "192.0.2.1", "2001:db8::1"
    public var description: String { (try? socketAddress(port: 0))?.ipAddress ?? "?" }

    func socketAddress(port: Int) throws -> SocketAddress {
        try SocketAddress(packedIPAddress: ByteBuffer(bytes: bytes), port: port)
    }
}
