import Dispatch
import Foundation
import Glibc

/// A reader of NIP-66 events by another implementation: nostr-sdk, in Tests/Relays/read_nip66.py.
public enum NIP66Reader {
    /// What it could not do.
    public struct Failure: Error, CustomStringConvertible {
        /// One sentence.
        public let description: String
    }

    /// An event that it found, verified and understood.
    public struct Found: Decodable, Sendable {
        /// In hex.
        public var id: String
        /// Its kind.
        public var kind: Int
        /// Unix seconds.
        public var createdAt: Int64
        /// The tag `d`, as the library reads it; nil without.
        public var identifier: String?
        /// Each tag as a list of texts.
        public var tags: [[String]]
        /// As it came.
        public var content: String
        /// Whether the library finds the event once more by filters on its own tags (`#d`, `#n`, `#N`, `#R`, ...).
        public var isFoundByTags: Bool
    }

    /// The events of an author on a relay, of these kinds, in no order. Every one has a valid id and signature.
    public static func events(on url: String, author: String, kinds: [Int]) async throws -> [Found] {
        try await withCheckedThrowingContinuation { continuation in
            // Waits for a child process, so not on the threads of the tests.
            DispatchQueue.global().async {
                continuation.resume(with: Result(catching: { try read(url, author, kinds) }))
            }
        }
    }

    private static func read(_ url: String, _ author: String, _ kinds: [Int]) throws -> [Found] {
        guard let python = getenv("BIGBROTR_TEST_PYTHON").map({ String(cString: $0) }) else {
            throw Failure(description: "BIGBROTR_TEST_PYTHON is not set: run the tests by `make test`")
        }
        let script = URL(fileURLWithPath: #filePath).deletingLastPathComponent().path + "/../Relays/read_nip66.py"
        let process = try ChildProcess(python, [script, url, author] + kinds.map(String.init))
        defer { _ = process.end(within: .seconds(10)) }
        guard let line = try process.readLine(within: .seconds(60)) else {
            throw Failure(description: "nostr-sdk accepted nothing: see what it printed above")
        }
        let decoder = JSONDecoder()
        decoder.keyDecodingStrategy = .convertFromSnakeCase
        return try decoder.decode([Found].self, from: Data(line.utf8))
    }
}
