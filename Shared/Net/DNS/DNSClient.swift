/// Asks name servers by c-ares, on one thread for all questions. For what is observed of a name; whom to connect to is
/// decided by `AddressResolver` and `AddressGuard`.
///
/// Close it, or let go of it: its thread ends either way.
public final class DNSClient: Sendable {
    private let loop: DNSLoop

    /// Starts a thread.
    /// - Parameters:
    ///   - servers: whom to ask; without any, those of the system (resolv.conf(5)), as they are at each question.
    ///   - mostQuestions: at one time; what is more waits, at most until its own deadline.
    /// - Throws: `failed` without a thread or a descriptor.
    public init(servers: [NameServer] = [], mostQuestions: Int = 256) throws(DNSError) {
        let list = servers.isEmpty ? nil : servers.map(\.description).joined(separator: ",")
        loop = try DNSLoop(servers: list, mostQuestions: mostQuestions)
    }

    deinit { loop.stop() }

    /// Ends what is under way with `closed`, and returns when the thread has let go of everything.
    public func close() async {
        loop.stop()
        await loop.waitForEnd()
    }

    /// The records that answer a question. Ends within `limit`, whatever the servers do, and soon after its task was
    /// cancelled.
    public func ask(_ question: DNSQuestion, within limit: Duration) async throws(DNSError) -> DNSAnswer {
        let lookup = DNSLookup(question, end: .now + limit)
        let answer = await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                lookup.wait(with: continuation)
                loop.start(lookup)
            }
        } onCancel: {
            loop.cancel(lookup)
        }
        return try answer.get()
    }
}
