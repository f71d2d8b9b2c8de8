import Glibc

/// A port of a loopback address behind which nobody ever accepts a connection.
final class UnansweredPort {
    /// The system gave none.
    struct NoPort: Error {}

    /// "address:port".
    let address: String
    private let descriptor: Int32
    /// They fill the queue.
    private var fillers: [Int32] = []

    /// - Parameter isFull: nothing answers who connects; otherwise the system does, and nothing is said ever.
    init(_ host: String, isFull: Bool) throws {
        let socket = Self.socket()
        descriptor = socket
        var place = sockaddr_in()
        place.sin_family = sa_family_t(AF_INET)
        place.sin_addr.s_addr = inet_addr(host)
        let isBound = Self.with(&place) { bind(socket, $0, $1) } == 0
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        let isNamed = withUnsafeMutablePointer(to: &place) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { getsockname(socket, $0, &length) == 0 }
        }
        address = "\(host):\(UInt16(bigEndian: place.sin_port))"
        guard isBound, isNamed, listen(socket, isFull ? 0 : 4_096) == 0 else { throw NoPort() }
        guard isFull else { return }
        for _ in 0..<4 {
            let filler = Self.socket()
            fillers.append(filler)
            _ = fcntl(filler, F_SETFL, O_NONBLOCK)
            _ = Self.with(&place) { connect(filler, $0, $1) }
        }
    }

    deinit { (fillers + [descriptor]).forEach { close($0) } }

    private static func socket() -> Int32 { Glibc.socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0) }

    private static func with(
        _ place: inout sockaddr_in, _ body: (UnsafePointer<sockaddr>, socklen_t) -> Int32
    ) -> Int32 {
        withUnsafePointer(to: &place) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                body($0, socklen_t(MemoryLayout<sockaddr_in>.size))
            }
        }
    }
}
