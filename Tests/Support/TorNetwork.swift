import Dispatch
import Foundation
import Glibc

/// A private Tor network with onion services in front of ports of this machine (Tests/Relays/tor_network.py).
public final class TorNetwork: Sendable {
    /// What could not be done; the text says why.
    public struct Failure: Error, CustomStringConvertible {
        /// One sentence.
        public let description: String
    }

    /// How the script says that every service can be reached.
    private struct Ready: Decodable {
        var ready: String
        var onions: [String]
    }

    /// How it says whose circuits there are.
    private struct Users: Decodable {
        var users: [String]
    }

    /// socks5h://127.0.0.1:PORT.
    public let proxy: String
    /// Host names, in the order of the ports that they lead to. Each serves at port 80.
    public let onions: [String]
    private let process: ChildProcess

    private init(_ ready: Ready, _ process: ChildProcess) {
        proxy = ready.ready
        onions = ready.onions
        self.process = process
    }

    /// SOCKS user names for which the client keeps circuits, each once.
    public func users() async throws -> [String] {
        let process = process
        return try await Self.offPool {
            try process.writeLine("users")
            guard let line = try process.readLine(within: .seconds(60)) else {
                throw Failure(description: "the Tor network is gone")
            }
            return try JSONDecoder().decode(Users.self, from: Data(line.utf8)).users
        }
    }

    /// Runs the body with a network that is gone afterwards, whatever happens.
    /// - Parameter limit: until every service can be reached.
    public static func withRunning(
        to ports: [Int], within limit: Duration = .seconds(180), isolation: isolated (any Actor)? = #isolation,
        _ body: (TorNetwork) async throws -> Void
    ) async throws {
        let network = try await start(ports, limit)
        let outcome: Result<Void, any Error>
        do { outcome = .success(try await body(network)) } catch { outcome = .failure(error) }
        let process = network.process
        _ = try await offPool { process.end(within: .seconds(60)) }
        try outcome.get()
    }

    private static func start(_ ports: [Int], _ limit: Duration) async throws -> TorNetwork {
        let script = try SourceFolder.repository() + "/Tests/Relays/tor_network.py"
        let seconds = ["--seconds", "\(limit.components.seconds)"]
        return try await offPool {
            let process = try ChildProcess("/usr/bin/python3", [script] + seconds + ports.map(String.init))
            // The script keeps the deadline itself, and says more.
            guard let line = try process.readLine(within: limit + .seconds(30)) else {
                throw Failure(description: "there is no Tor network: see what was printed above")
            }
            return TorNetwork(try JSONDecoder().decode(Ready.self, from: Data(line.utf8)), process)
        }
    }

    /// Blocking calls wait on a thread of Dispatch, so that they take none from the tests' own tasks.
    private static func offPool<Value: Sendable>(_ work: @escaping @Sendable () throws -> Value) async throws -> Value {
        try await withCheckedThrowingContinuation { continuation in
            DispatchQueue.global().async { continuation.resume(with: Result(catching: work)) }
        }
    }
}
