import Glibc
import Synchronization

/// A TCP proxy on loopback that a test can make fail: refuse, cut, or swallow everything while looking alive.
final class CuttableProxy: Sendable {
    struct Failure: Error { let step: String }

    enum Mode { case forwarding, refusing, swallowing, stopped }

    private struct Pair {
        var client: Int32
        var server: Int32
    }

    private struct State {
        var mode = Mode.forwarding
        var pairs: [Pair] = []
        var accepted = 0
    }

    let port: Int
    private let target: Int
    private let listener: Int32
    private let state = Mutex(State())

    /// Listens on a free port and forwards to `target` on loopback, on a thread of its own.
    init(target: Int) throws {
        self.target = target
        (listener, port) = try Self.listenOnFreePort()
        var thread: pthread_t = 0
        let argument = Unmanaged.passRetained(self).toOpaque()
        pthread_create(
            &thread, nil,
            { argument in
                guard let argument else { return nil }
                Unmanaged<CuttableProxy>.fromOpaque(argument).takeRetainedValue().loop()
                return nil
            }, argument)
        pthread_detach(thread)
    }

    private static func listenOnFreePort() throws -> (descriptor: Int32, port: Int) {
        let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        var address = loopback(0)
        guard descriptor >= 0, with(&address, { bind(descriptor, $0, $1) }) == 0, listen(descriptor, 64) == 0 else {
            throw Failure(step: "listen")
        }
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        let named = withUnsafeMutablePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { getsockname(descriptor, $0, &length) }
        }
        guard named == 0 else { throw Failure(step: "getsockname") }
        return (descriptor, Int(UInt16(bigEndian: address.sin_port)))
    }

    /// Connections taken so far.
    var accepted: Int { state.withLock { $0.accepted } }

    /// Changes what happens to connections that are open and to come.
    func set(_ mode: Mode) {
        state.withLock { state in
            state.mode = mode
            if mode == .refusing || mode == .stopped { Self.closeAll(&state) }
        }
    }

    /// Ends the connections that are open; new ones go through.
    func cut() { state.withLock { Self.closeAll(&$0) } }

    private static func closeAll(_ state: inout State) {
        for pair in state.pairs {
            shutdown(pair.client, Int32(SHUT_RDWR))
            shutdown(pair.server, Int32(SHUT_RDWR))
        }
    }

    private func loop() {
        var buffer = [UInt8](repeating: 0, count: 1 << 16)
        while true {
            let (mode, pairs) = state.withLock { ($0.mode, $0.pairs) }
            guard mode != .stopped else { break }
            var polled = [pollfd(fd: listener, events: Int16(POLLIN), revents: 0)]
            // Swallowing: nothing is read, so the peers see a connection on which nothing comes.
            if mode != .swallowing {
                for pair in pairs {
                    polled.append(pollfd(fd: pair.client, events: Int16(POLLIN), revents: 0))
                    polled.append(pollfd(fd: pair.server, events: Int16(POLLIN), revents: 0))
                }
            }
            guard poll(&polled, nfds_t(polled.count), 20) > 0 else { continue }
            if polled[0].revents != 0 { accept() }
            for (index, pair) in pairs.enumerated() where polled.count > 1 {
                let isGone =
                    polled[1 + 2 * index].revents != 0 && !Self.forward(pair.client, pair.server, &buffer)
                    || polled[2 + 2 * index].revents != 0 && !Self.forward(pair.server, pair.client, &buffer)
                if isGone { drop(pair) }
            }
        }
        state.withLock { state in
            for pair in state.pairs { for end in [pair.client, pair.server] { close(end) } }
        }
        close(listener)
    }

    private func accept() {
        let client = Glibc.accept(listener, nil, nil)
        guard client >= 0 else { return }
        // Asked now: the mode may have changed while nobody came.
        guard state.withLock({ $0.mode }) != .refusing else {
            close(client)
            return
        }
        let server = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        var address = Self.loopback(target)
        guard Self.with(&address, { connect(server, $0, $1) }) == 0 else {
            close(client)
            close(server)
            return
        }
        state.withLock { state in
            state.accepted += 1
            state.pairs.append(Pair(client: client, server: server))
        }
    }

    private func drop(_ pair: Pair) {
        state.withLock { state in
            state.pairs.removeAll { $0.client == pair.client }
        }
        close(pair.client)
        close(pair.server)
    }

    private static func forward(_ from: Int32, _ to: Int32, _ buffer: inout [UInt8]) -> Bool {
        let count = read(from, &buffer, buffer.count)
        guard count > 0 else { return false }
        var sent = 0
        while sent < count {
            let part = buffer[sent..<count].withUnsafeBytes { send(to, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL)) }
            guard part > 0 else { return false }
            sent += part
        }
        return true
    }

    private static func loopback(_ port: Int) -> sockaddr_in {
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = UInt16(truncatingIfNeeded: port).bigEndian
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        return address
    }

    private static func with(
        _ address: inout sockaddr_in, _ body: (UnsafePointer<sockaddr>, socklen_t) -> Int32
    ) -> Int32 {
        withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                body($0, socklen_t(MemoryLayout<sockaddr_in>.size))
            }
        }
    }
}
