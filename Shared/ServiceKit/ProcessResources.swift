import Glibc

/// What the system gives this process.
public enum ProcessResources {
    /// Enough for 10,000 connections and what goes with them.
    private static let mostFiles: rlim_t = 65_536

    /// Raises the limit of open files as far as the process may, at most to 65,536.
    ///
    /// Most systems begin with 1,024, for programs that use select(2), and allow far more. A check of a relay has up to
    /// three descriptors; without one left, relays would seem to be down.
    /// - Returns: how many may be open now.
    @discardableResult
    public static func raiseOpenFiles() -> Int {
        var limit = rlimit()
        let files = __rlimit_resource_t(RLIMIT_NOFILE.rawValue)
        guard getrlimit(files, &limit) == 0 else { return 0 }
        let wanted = min(limit.rlim_max, mostFiles)
        guard limit.rlim_cur < wanted else { return Int(clamping: limit.rlim_cur) }
        let before = limit.rlim_cur
        limit.rlim_cur = wanted
        return Int(clamping: setrlimit(files, &limit) == 0 ? wanted : before)
    }

    /// Has the C library take less memory where a thousand connections come and go. Before the first thread starts.
    ///
    /// One heap for each processor, not eight: what one thread frees, the next one uses. And blocks of 24 KiB and more
    /// have pages of their own: of a buffer that is little used only the pages that are touched are taken.
    public static func spareMemory() {
        // mallopt(3) with M_ARENA_MAX and M_MMAP_THRESHOLD; nil where the C library has none.
        let change = dlsym(nil, "mallopt").map {
            unsafeBitCast($0, to: (@convention(c) (_ option: Int32, _ value: Int32) -> Int32).self)
        }
        _ = change?(-8, Int32(clamping: max(1, sysconf(Int32(_SC_NPROCESSORS_ONLN)))))
        _ = change?(-3, 24 << 10)
    }
}
