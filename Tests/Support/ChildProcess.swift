public import Glibc
import Synchronization

/// A program that a test started: its output is read with deadlines, and it is gone when the test is.
public final class ChildProcess: Sendable {
    /// What went wrong with the child; the text says which program.
    public struct Failure: Error, CustomStringConvertible {
        /// The program and what became of it.
        public let description: String
    }

    /// The process id, for signals and /proc.
    public let processID: pid_t
    private let program: String
    private let input: Int32
    private let output: Int32
    private let state = Mutex(State())

    private struct State {
        var pending: [UInt8] = []
        var status: Int32?
    }

    /// Starts `program` (a path) with pipes on standard input and output; standard error is the test's own.
    /// - Parameter environment: the whole environment of the child; nil hands ours on.
    public init(_ program: String, _ arguments: [String], environment: [String: String]? = nil) throws {
        let variables = environment.map { $0.map { "\($0.key)=\($0.value)" } }
        self.program = program
        (processID, input, output) = try Self.spawning.withLock { _ in
            try Self.spawn(program, [program] + arguments, variables)
        }
    }

    /// One start at a time: a child that inherited the pipe of another, just made, would hide that child's end.
    private static let spawning = Mutex(())

    private static func spawn(
        _ program: String, _ arguments: [String], _ variables: [String]?
    ) throws -> (child: pid_t, input: Int32, output: Int32) {
        let toChild = try pipe()
        let fromChild = try pipe()
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        // Threads of Dispatch block signals, and a child would inherit that: it could never be asked to end.
        var attributes = posix_spawnattr_t()
        posix_spawnattr_init(&attributes)
        var none = sigset_t()
        sigemptyset(&none)
        posix_spawnattr_setsigmask(&attributes, &none)
        posix_spawnattr_setflags(&attributes, Int16(POSIX_SPAWN_SETSIGMASK))
        defer {
            posix_spawn_file_actions_destroy(&actions)
            posix_spawnattr_destroy(&attributes)
            close(toChild.read)
            close(fromChild.write)
        }
        posix_spawn_file_actions_adddup2(&actions, toChild.read, STDIN_FILENO)
        posix_spawn_file_actions_adddup2(&actions, fromChild.write, STDOUT_FILENO)
        OpenDescriptors.close(in: &actions)
        var child: pid_t = 0
        let code = withStrings(arguments) { argv in
            guard let variables else { return posix_spawn(&child, program, &actions, &attributes, argv, environ) }
            return withStrings(variables) { posix_spawn(&child, program, &actions, &attributes, argv, $0) }
        }
        guard code == 0 else {
            close(toChild.write)
            close(fromChild.read)
            throw Failure(description: "\(program): \(String(cString: strerror(code)))")
        }
        return (child, toChild.write, fromChild.read)
    }

    deinit {
        _ = end(within: .zero)
        close(input)
        close(output)
    }

    /// The next line of standard output without its newline; nil when the output ended. Blocks this thread.
    public func readLine(within limit: Duration) throws -> String? {
        let deadline = ContinuousClock.now + limit
        while true {
            let line: String? = state.withLock { state in
                guard let end = state.pending.firstIndex(of: UInt8(ascii: "\n")) else { return nil }
                defer { state.pending.removeSubrange(...end) }
                return String(decoding: state.pending[..<end], as: UTF8.self)
            }
            if let line { return line }
            guard try readMore(until: deadline) else { return nil }
        }
    }

    /// Writes one line to standard input.
    public func writeLine(_ line: String) throws {
        var bytes = [UInt8]((line + "\n").utf8)[...]
        while !bytes.isEmpty {
            let count = bytes.withUnsafeBytes { write(input, $0.baseAddress, $0.count) }
            guard count > 0 else { throw Failure(description: "\(program) takes no input any more") }
            bytes = bytes.dropFirst(count)
        }
    }

    /// Sends a signal, if the process still runs.
    public func send(signal number: Int32) {
        state.withLock { if $0.status == nil { kill(processID, number) } }
    }

    /// SIGTERM, and SIGKILL after the limit; the exit status (128 + signal if it died of one). Blocks this thread.
    @discardableResult
    public func end(within limit: Duration) -> Int32 {
        send(signal: SIGTERM)
        let deadline = ContinuousClock.now + limit
        // The end of its output is the end of the process; what it still says is thrown away.
        while let more = try? readMore(until: deadline), more { state.withLock { $0.pending.removeAll() } }
        send(signal: SIGKILL)
        return waitForExit()
    }

    private func waitForExit() -> Int32 {
        state.withLock { state in
            if let status = state.status { return status }
            var raw: Int32 = 0
            while waitpid(processID, &raw, 0) == -1, errno == EINTR {}
            let signal = raw & 0x7f
            let status = signal == 0 ? (raw >> 8) & 0xff : 128 + signal
            state.status = status
            return status
        }
    }

    /// Reads what is there, waiting until the deadline; false at the end of the output.
    private func readMore(until deadline: ContinuousClock.Instant) throws -> Bool {
        let left = deadline - ContinuousClock.now
        let milliseconds = max(0, left.components.seconds * 1_000 + left.components.attoseconds / 1_000_000_000_000_000)
        var waiting = pollfd(fd: output, events: Int16(POLLIN), revents: 0)
        let ready = poll(&waiting, 1, Int32(clamping: milliseconds))
        if ready == -1, errno == EINTR { return true }
        guard ready == 1 else { throw Failure(description: "\(program) said nothing in time") }
        var buffer = [UInt8](repeating: 0, count: 65_536)
        let count = buffer.withUnsafeMutableBytes { read(output, $0.baseAddress, $0.count) }
        guard count > 0 else { return false }
        state.withLock { $0.pending += buffer.prefix(count) }
        return true
    }

    private static func pipe() throws -> (read: Int32, write: Int32) {
        var ends: [Int32] = [0, 0]
        guard Glibc.pipe(&ends) == 0 else { throw Failure(description: "no pipe: \(errno)") }
        for end in ends { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
        return (ends[0], ends[1])
    }

    private static func withStrings<Result>(
        _ strings: [String], _ body: ([UnsafeMutablePointer<CChar>?]) -> Result
    ) -> Result {
        let copies = strings.map { strdup($0) }
        defer { copies.forEach { free($0) } }
        return body(copies + [nil])
    }
}
