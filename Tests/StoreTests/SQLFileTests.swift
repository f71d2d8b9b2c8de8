import Foundation
import Support
import Testing

/// The tests that are written in SQL, by the script that runs them: installing twice, in two ways and by two at once,
/// migrations against init, sessions beside one another, and every file of `Tests/StoreTests/sql`.
@Suite(.timeLimit(.minutes(15))) struct SQLFileTests {
    @Test func `all of them pass`() async throws {
        _ = try TestDatabaseServer()
        let repository = try SourceFolder.repository()
        let files = try FileManager.default.contentsOfDirectory(atPath: "\(repository)/Tests/StoreTests/sql")
            .filter { $0.hasSuffix(".sql") }
        #expect(files.count >= 7)
        let (lines, status) = try await run("\(repository)/postgres/test")
        let passed = lines.filter { $0.hasPrefix("ok ") }.map { $0.dropFirst(2).trimmingCharacters(in: .whitespaces) }
        #expect(status == 0, "\(lines.filter { !$0.hasPrefix("ok ") }.joined(separator: "\n"))")
        #expect(passed.count >= files.count + 10)
        #expect(Set(files).subtracting(passed).sorted() == [])
    }

    /// Its lines and its exit status, without holding a thread that other tests need.
    private func run(_ script: String) async throws -> (lines: [String], status: Int32) {
        try await withCheckedThrowingContinuation { answer in
            Thread.detachNewThread {
                answer.resume(
                    with: Result {
                        let child = try ChildProcess(script, [])
                        var lines: [String] = []
                        while let line = try child.readLine(within: .seconds(600)) { lines.append(line) }
                        return (lines, child.end(within: .seconds(10)))
                    })
            }
        }
    }
}
