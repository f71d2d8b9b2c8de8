import Glibc

/// A thread of the operating system, for a library that wants to block on one.
enum OwnThread {
    /// Starts a thread that runs `body` and ends. Returns false when the system has none left.
    ///
    /// Signals are blocked on it: they belong to the main program, and a blocked SIGPIPE turns a write to a dead peer
    /// into EPIPE.
    static func start(name: String, _ body: @escaping @Sendable () -> Void) -> Bool {
        var thread: pthread_t = 0
        let argument = Unmanaged.passRetained(Start(name: name, body: body))
        guard pthread_create(&thread, nil, Start.run, argument.toOpaque()) == 0 else {
            argument.release()
            return false
        }
        pthread_detach(thread)
        return true
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
            // The name that `top -H` shows, at most 15 bytes.
            if let file = fopen("/proc/thread-self/comm", "w") {
                fputs(String(start.name.prefix(15)), file)
                fclose(file)
            }
            start.body()
            return nil
        }
    }
}
