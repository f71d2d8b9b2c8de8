import Dispatch
import Foundation

/// Asks a port of this machine, as a load balancer or Prometheus does.
public enum HTTPProbe {
    /// What came back.
    public struct Answer: Sendable {
        /// Status of the answer.
        public let status: Int
        /// Body as text.
        public let body: String
    }

    /// GET of one path; nil when nobody answers as HTTP does within five seconds.
    public static func get(_ path: String, port: Int) async -> Answer? {
        await withCheckedContinuation { continuation in
            // It blocks, so it takes a thread of Dispatch and none of the tests' own.
            DispatchQueue.global().async {
                continuation.resume(returning: exchange(port, "GET \(path) HTTP/1.1\r\nHost: localhost\r\n\r\n"))
            }
        }
    }

    private static func exchange(_ port: Int, _ request: String) -> Answer? {
        let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        defer { close(descriptor) }
        var patience = timeval(tv_sec: 5, tv_usec: 0)
        for option in [SO_RCVTIMEO, SO_SNDTIMEO] {
            setsockopt(descriptor, SOL_SOCKET, option, &patience, socklen_t(MemoryLayout<timeval>.size))
        }
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = UInt16(truncatingIfNeeded: port).bigEndian
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        let connected = withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
            }
        }
        let bytes = Array(request.utf8)
        let sent = connected == 0 ? send(descriptor, bytes, bytes.count, Int32(MSG_NOSIGNAL)) : -1
        guard sent == bytes.count else { return nil }
        var answer: [UInt8] = []
        var block = [UInt8](repeating: 0, count: 65_536)
        while case let count = recv(descriptor, &block, block.count, 0), count > 0 { answer += block[..<count] }
        return parse(String(decoding: answer, as: UTF8.self))
    }

    private static func parse(_ text: String) -> Answer? {
        guard let end = text.range(of: "\r\n\r\n"), text.hasPrefix("HTTP/1.1 "),
            let status = Int(text.dropFirst(9).prefix(3))
        else { return nil }
        return Answer(status: status, body: String(text[end.upperBound...]))
    }
}
