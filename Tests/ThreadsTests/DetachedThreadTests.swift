import Glibc
import Testing
import Threads

@Suite struct DetachedThreadTests {
    /// What a thread finds about itself.
    private struct Finding: Sendable {
        let name: String
        let blocksPipeSignal: Bool
    }

    @Test(arguments: [nil, 1 << 18])
    func `a thread bears its name, cut at 15 bytes, and leaves signals to others`(stackBytes: Int?) async throws {
        let finding = try #require(await finding(name: "a name that is too long for it", stackBytes))
        #expect(finding.name == "a name that is \n")
        #expect(finding.blocksPipeSignal)
    }

    @Test func `a stack that the system does not give is the usual one`() async throws {
        let finding = try #require(await finding(name: "small", 1))
        #expect(finding.name == "small\n")
    }

    /// Nil when the system has no thread left.
    private func finding(name: String, _ stackBytes: Int?) async -> Finding? {
        await withCheckedContinuation { continuation in
            let isStarted = DetachedThread.start(name: name, stackBytes: stackBytes) {
                continuation.resume(returning: Self.look())
            }
            if !isStarted { continuation.resume(returning: nil) }
        }
    }

    private static func look() -> Finding {
        var signals = sigset_t()
        pthread_sigmask(SIG_BLOCK, nil, &signals)
        var name = [UInt8](repeating: 0, count: 32)
        guard let file = fopen("/proc/thread-self/comm", "r") else { return Finding(name: "", blocksPipeSignal: false) }
        let count = fread(&name, 1, name.count, file)
        fclose(file)
        return Finding(
            name: String(decoding: name.prefix(count), as: UTF8.self),
            blocksPipeSignal: sigismember(&signals, SIGPIPE) == 1)
    }
}
