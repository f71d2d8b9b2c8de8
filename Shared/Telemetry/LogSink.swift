import Glibc
import Synchronization

/// Where finished log lines go. Lines of several tasks do not mix.
public protocol LogSink: Sendable {
    /// Writes one line, its newline included.
    func write(_ line: [UInt8])
}

/// Standard output. A closed pipe loses lines, it does not end the process.
public final class StandardOutput: LogSink {
    private let lock = Mutex<Void>(())

    /// The one standard output of the process.
    public init() {}

    /// Writes the whole line before any other.
    public func write(_ line: [UInt8]) {
        lock.withLock { _ in FileBytes.write(line, to: STDOUT_FILENO) }
    }
}

/// Several sinks at once.
public struct LogSinks: LogSink {
    private let sinks: [any LogSink]

    /// Writes to all of these, in this order.
    public init(_ sinks: [any LogSink]) { self.sinks = sinks }

    /// Writes the line to each sink.
    public func write(_ line: [UInt8]) {
        for sink in sinks { sink.write(line) }
    }
}

/// A file that lines are appended to; opened again when it was renamed or removed by a rotation.
public final class LogFile: LogSink {
    private struct State: ~Copyable {
        var descriptor: Int32 = -1
        var device: UInt64 = 0
        var inode: UInt64 = 0
        var linesUntilCheck = 0

        deinit {
            if descriptor >= 0 { close(descriptor) }
        }
    }

    /// A rotated file is noticed after at most this many lines.
    private static let linesBetweenChecks = 50

    private let path: String
    private let state = Mutex(State())

    /// nil when the file cannot be opened for appending.
    public init?(path: String) {
        self.path = path
        let isOpen = state.withLock { Self.open(path, &$0) }
        guard isOpen else { return nil }
    }

    /// Appends the line; a file that cannot be opened any more loses it.
    public func write(_ line: [UInt8]) {
        state.withLock { state in
            state.linesUntilCheck -= 1
            if state.linesUntilCheck < 0, !Self.isCurrent(path, state) { _ = Self.open(path, &state) }
            if state.descriptor >= 0 { FileBytes.write(line, to: state.descriptor) }
        }
    }

    private static func open(_ path: String, _ state: inout State) -> Bool {
        if state.descriptor >= 0 { close(state.descriptor) }
        state.descriptor = Glibc.open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0o640)
        var status = stat()
        guard state.descriptor >= 0, fstat(state.descriptor, &status) == 0 else { return false }
        state.device = UInt64(status.st_dev)
        state.inode = UInt64(status.st_ino)
        state.linesUntilCheck = linesBetweenChecks
        return true
    }

    private static func isCurrent(_ path: String, _ state: borrowing State) -> Bool {
        var status = stat()
        guard stat(path, &status) == 0 else { return false }
        return UInt64(status.st_dev) == state.device && UInt64(status.st_ino) == state.inode
    }
}

enum FileBytes {
    /// Writes all bytes; gives up on an error, because a log that cannot be written must not stop the work.
    static func write(_ bytes: [UInt8], to descriptor: Int32) {
        bytes.withUnsafeBytes { buffer in
            var rest = buffer[...]
            while !rest.isEmpty {
                let written = Glibc.write(descriptor, UnsafeRawBufferPointer(rebasing: rest).baseAddress, rest.count)
                if written < 0, errno == EINTR { continue }
                guard written > 0 else { return }
                rest = rest.dropFirst(written)
            }
        }
    }
}
