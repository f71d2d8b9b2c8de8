import Glibc

/// TCP ports for processes that must be told theirs.
public enum FreePort {
    /// A port of 127.0.0.1 on which nobody listens. It lies below those that the system gives to clients, so that
    /// none of
    /// them takes it meanwhile.
    public static func find() throws -> Int {
        for _ in 0..<1_000 {
            let port = Int.random(in: 15_000..<24_000)
            if isFree(port) { return port }
        }
        throw Eventually.Late(description: "no free port from 15000 to 23999")
    }

    private static func isFree(_ port: Int) -> Bool {
        let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        defer { close(descriptor) }
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = UInt16(truncatingIfNeeded: port).bigEndian
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        return withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                bind(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size)) == 0
            }
        }
    }
}
