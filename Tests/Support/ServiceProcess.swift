import Foundation
public import Glibc
import NIOConcurrencyHelpers

/// One of the executables as a child process, as an operator runs it. It is gone when the test is.
///
/// What it prints goes to files, so that nobody has to read along, and is still there when it is dead.
public final class ServiceProcess: Sendable {
    /// What could not be done.
    public struct Failure: Error, CustomStringConvertible {
        /// One sentence.
        public let description: String
    }

    /// The process id, for /proc.
    public let processID: pid_t
    private let product: String
    private let folder: TemporaryFolder
    private let files: TemporaryFolder?
    private let ending = NIOLockedValueBox<Int32?>(nil)

    /// Starts an executable of the build with these arguments and, beside what every process needs, these variables.
    /// - Parameter files: a folder that it reads, kept as long as the process is.
    public init(
        _ product: String, _ arguments: [String], environment: [String: String] = [:], files: TemporaryFolder? = nil
    ) throws {
        self.product = product
        self.files = files
        folder = try TemporaryFolder()
        let program = try Self.folderOfProducts() + "/" + product
        guard access(program, X_OK) == 0 else {
            throw Failure(description: "\(program) is not there: build everything first, as `make test` does")
        }
        let variables = Self.inherited().merging(environment) { $1 }.map { "\($0.key)=\($0.value)" }
        processID = try Self.spawn(
            program, arguments, variables, output: "\(folder.path)/out", errors: "\(folder.path)/err",
            workingFolder: try SourceFolder.repository())
    }

    deinit {
        guard status() == nil else { return }
        kill(processID, SIGKILL)
        var raw: Int32 = 0
        while waitpid(processID, &raw, 0) == -1, errno == EINTR {}
    }

    /// Standard output so far.
    public var output: String { folder.read("out") }

    /// Standard error so far.
    public var errors: String { folder.read("err") }

    /// Both, for the text of a failure.
    public var everything: String { "\(product) said:\n\(output.suffix(4_000))\(errors.suffix(2_000))" }

    /// The log so far, one dictionary a whole line. A line that is no JSON object is in none.
    public var log: [[String: Any]] {
        output.split(separator: "\n").compactMap {
            try? JSONSerialization.jsonObject(with: Data($0.utf8)) as? [String: Any]
        }
    }

    /// The log lines of one event name.
    public func log(_ message: String) -> [[String: Any]] { log.filter { $0["message"] as? String == message } }

    /// Whether it still runs.
    public var isRunning: Bool { status() == nil }

    /// Sends a signal, if it still runs.
    public func send(signal number: Int32) {
        if status() == nil { kill(processID, number) }
    }

    /// Waits for its end and gives the exit status, 128 + signal if it died of one.
    public func exit(within limit: Duration = .seconds(60)) async throws -> Int32 {
        try await Eventually.value("\(product) ends", within: limit, found: { everything }) { status() }
    }

    /// Asks it to end as an operator does, and gives the exit status.
    public func terminate(within limit: Duration = .seconds(60)) async throws -> Int32 {
        send(signal: SIGTERM)
        return try await exit(within: limit)
    }

    /// nil while it runs.
    private func status() -> Int32? {
        ending.withLockedValue { ending in
            if let ending { return ending }
            var raw: Int32 = 0
            guard waitpid(processID, &raw, WNOHANG) == processID else { return nil }
            let signal = raw & 0x7f
            ending = signal == 0 ? (raw >> 8) & 0xff : 128 + signal
            return ending
        }
    }

    private static func folderOfProducts() throws -> String {
        let environment = ProcessInfo.processInfo.environment
        let named = environment["BIGBROTR_TEST_PRODUCTS"] ?? environment["BIGBROTR_TEST_BIN"]
        return try named ?? SourceFolder.repository() + "/.build/release"
    }

    /// What a process needs to run here at all, and the mark by which those left behind are found. No password.
    private static func inherited() -> [String: String] {
        let names: Set = ["PATH", "HOME", "LANG", "LD_LIBRARY_PATH", "TMPDIR", "BIGBROTR_TEST_RUN"]
        return ProcessInfo.processInfo.environment.filter { names.contains($0.key) }
    }

    private static func spawn(
        _ program: String, _ arguments: [String], _ variables: [String], output: String, errors: String,
        workingFolder: String
    ) throws -> pid_t {
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        var attributes = posix_spawnattr_t()
        posix_spawnattr_init(&attributes)
        defer {
            posix_spawn_file_actions_destroy(&actions)
            posix_spawnattr_destroy(&attributes)
        }
        // Threads of Dispatch block signals, and a child would inherit that: it could never be asked to end.
        var none = sigset_t()
        sigemptyset(&none)
        posix_spawnattr_setsigmask(&attributes, &none)
        posix_spawnattr_setflags(&attributes, Int16(POSIX_SPAWN_SETSIGMASK))
        posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0)
        posix_spawn_file_actions_addopen(&actions, STDOUT_FILENO, output, O_WRONLY | O_CREAT | O_APPEND, 0o600)
        posix_spawn_file_actions_addopen(&actions, STDERR_FILENO, errors, O_WRONLY | O_CREAT | O_APPEND, 0o600)
        OpenDescriptors.close(in: &actions)
        // The shell becomes the program: it only changes the folder.
        let command = [shell, "-c", #"cd "$0" && exec "$@""#, workingFolder, program] + arguments
        let (argv, envp) = (command.map { strdup($0) } + [nil], variables.map { strdup($0) } + [nil])
        defer { (argv + envp).forEach { free($0) } }
        var child: pid_t = 0
        let code = posix_spawn(&child, shell, &actions, &attributes, argv, envp)
        guard code == 0 else { throw Failure(description: "\(program): \(String(cString: strerror(code)))") }
        return child
    }

    private static let shell = "/bin/sh"
}

/// Where the sources are.
public enum SourceFolder {
    /// The repository, by its real path: a package may reach the sources through a link.
    public static func repository() throws -> String {
        guard let source = realpath(#filePath, nil) else {
            throw ServiceProcess.Failure(description: "no sources at \(#filePath)")
        }
        defer { free(source) }
        return "/" + String(cString: source).split(separator: "/").dropLast(3).joined(separator: "/")
    }
}
