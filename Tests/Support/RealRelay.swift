import Dispatch
import Glibc

/// Real relay software as a child process (Tests/Relays): rust-nostr's LocalRelay, filled with given events, unless
/// another is asked for.
///
/// Needs the interpreter that has `nostr-sdk`, named by `BIGBROTR_TEST_PYTHON`; `make test` makes and names it.
public final class RealRelay: Sendable {
    /// What could not be done; the text says why.
    public struct Failure: Error, CustomStringConvertible {
        /// One sentence.
        public let description: String
    }

    /// The software; both say alike that they serve.
    public enum Software: String, Sendable {
        /// rust-nostr's LocalRelay, which has no information document.
        case local = "real_relay.py"
        /// PyPI's nostr-relay, which has one. It takes no events from here.
        case document = "document_relay.py"
    }

    /// ws://127.0.0.1:PORT.
    public let url: String
    /// How many events it holds after loading: of replaceable kinds the newest only.
    public let held: Int
    /// How many of the given events it did not take.
    public let refused: Int
    private let process: ChildProcess
    /// The relay's process, for measurements.
    public var processID: Int32 { process.processID }

    private init(url: String, held: Int, refused: Int, process: ChildProcess) {
        self.url = url
        self.held = held
        self.refused = refused
        self.process = process
    }

    /// Starts a relay that holds the events of `file` (one JSON object a line) and waits until it serves.
    /// - Parameters:
    ///   - port: 0 takes a free one; a fixed one lets a relay come back at the same address.
    ///   - options: further arguments of the script, such as `["--max-filter-limit", "100"]`.
    public static func start(
        _ software: Software = .local, file: String? = nil, port: Int = 0, options: [String] = [],
        within limit: Duration = .seconds(60)
    ) async throws -> RealRelay {
        guard let python = getenv("BIGBROTR_TEST_PYTHON").map({ String(cString: $0) }) else {
            throw Failure(description: "BIGBROTR_TEST_PYTHON is not set: run the tests by `make test`")
        }
        var arguments = ["\(folder)/\(software.rawValue)", "--stdin", "--port", "\(port)"] + options
        if let file { arguments += ["--events", file] }
        let all = arguments
        return try await offPool {
            let process = try ChildProcess(python, all)
            guard let line = try process.readLine(within: limit), let ready = Ready(line: line) else {
                throw Failure(description: "the relay did not start: see what it printed above")
            }
            return RealRelay(url: ready.url, held: ready.held, refused: ready.refused, process: process)
        }
    }

    /// Runs the body with a relay that is gone afterwards, whatever happens.
    public static func withRunning<Result: Sendable>(
        _ software: Software = .local, file: String? = nil, port: Int = 0, options: [String] = [],
        within limit: Duration = .seconds(60), _ body: (RealRelay) async throws -> Result
    ) async throws -> Result {
        let relay = try await start(software, file: file, port: port, options: options, within: limit)
        do {
            let result = try await body(relay)
            await relay.stop()
            return result
        } catch {
            await relay.stop()
            throw error
        }
    }

    /// Stores one more event and sends it to open subscriptions; throws if the relay refuses it.
    public func add(eventJSON: String) async throws {
        let process = process
        let answer = try await Self.offPool {
            try process.writeLine(eventJSON)
            return try process.readLine(within: .seconds(20))
        }
        guard let answer, answer.contains("\"saved\"") else {
            throw Failure(description: "the relay refused the event: \(answer ?? "it is gone")")
        }
    }

    /// Ends the relay as an operator would (SIGTERM); its connections are cut.
    public func stop() async {
        let process = process
        _ = try? await Self.offPool { process.end(within: .seconds(10)) }
    }

    /// Kills the relay in the middle of whatever it does.
    public func crash() { process.send(signal: SIGKILL) }

    private static let folder: String = {
        let support = #filePath.split(separator: "/", omittingEmptySubsequences: false).dropLast()
        return support.joined(separator: "/") + "/../Relays"
    }()

    /// Blocking calls wait on a thread of Dispatch, so that they take none from the tests' own tasks.
    private static func offPool<Value: Sendable>(_ work: @escaping @Sendable () throws -> Value) async throws -> Value {
        try await withCheckedThrowingContinuation { continuation in
            DispatchQueue.global().async { continuation.resume(with: Result(catching: work)) }
        }
    }

    /// The line a relay prints when it serves: {"ready": URL, "events": held, "refused": count}.
    private struct Ready {
        let url: String
        let held: Int
        let refused: Int

        init?(line: String) {
            // Written by our own script, so its shape is known: no reader of JSON is needed for three fields.
            let words = line.split { " {},\"".contains($0) }.filter { $0 != ":" }
            guard words.count == 6, words[0] == "ready", words[2] == "events", words[4] == "refused",
                let held = Int(words[3]), let refused = Int(words[5])
            else { return nil }
            url = String(words[1])
            self.held = held
            self.refused = refused
        }
    }
}
