import Glibc

/// Threads of the operating system that nobody waits for: for libraries that block.
public enum DetachedThread {
    /// Starts a thread that runs `body` and ends.
    ///
    /// Signals are blocked on it: they belong to the main program, and a blocked SIGPIPE turns a write to a dead peer
    /// into EPIPE.
    /// - Parameters:
    ///   - name: what `top -H` shows, at most 15 bytes of it.
    ///   - stackBytes: nil for the usual size, which is also taken where the system does not give this one.
    /// - Returns: false when the system has no thread left; then `body` does not run.
    public static func start(
        name: String, stackBytes: Int? = nil, _ body: @escaping @Sendable () -> Void
    ) -> Bool {
        withUnsafeTemporaryAllocation(of: pthread_attr_t.self, capacity: 1) { memory in
            guard let attributes = memory.baseAddress, pthread_attr_init(attributes) == 0 else { return false }
            defer { pthread_attr_destroy(attributes) }
            pthread_attr_setdetachstate(attributes, Int32(PTHREAD_CREATE_DETACHED))
            if let stackBytes { pthread_attr_setstacksize(attributes, stackBytes) }
            var thread: pthread_t = 0
            let argument = Unmanaged.passRetained(Start(name: name, body: body))
            guard pthread_create(&thread, attributes, Start.run, argument.toOpaque()) == 0 else {
                argument.release()
                return false
            }
            return true
        }
    }

    private final class Start: Sendable {
        let name: String
        let body: @Sendable () -> Void

        init(name: String, body: @escaping @Sendable () -> Void) {
            self.name = name
            self.body = body
        }

        static let run: @convention(c) (UnsafeMutableRawPointer?) -> UnsafeMutableRawPointer? = { argument in
            guard let argument else { return nil }
            let start = Unmanaged<Start>.fromOpaque(argument).takeRetainedValue()
            withUnsafeTemporaryAllocation(of: sigset_t.self, capacity: 1) { signals in
                guard let signals = signals.baseAddress else { return }
                sigfillset(signals)
                pthread_sigmask(SIG_BLOCK, signals, nil)
            }
            if let file = fopen("/proc/thread-self/comm", "w") {
                fputs(String(start.name.prefix(15)), file)
                fclose(file)
            }
            start.body()
            return nil
        }
    }
}
