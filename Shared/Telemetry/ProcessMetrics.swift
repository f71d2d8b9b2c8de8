import Glibc
public import Metrics
import Synchronization

/// Memory, processor time and open files of this process, under the names that Prometheus' own clients use.
public final class ProcessMetrics: Sendable {
    private let resident: Gauge
    private let cpu: FloatingPointCounter
    private let files: Gauge
    private let countedSeconds = Mutex(0.0)

    /// Gauges in the given registry.
    public init(factory: any MetricsFactory) {
        resident = Gauge(label: "process_resident_memory_bytes", factory: factory)
        cpu = FloatingPointCounter(label: "process_cpu_seconds_total", factory: factory)
        files = Gauge(label: "process_open_fds", factory: factory)
    }

    /// Reads the present values from the kernel; what it does not tell stays as it was.
    public func update() {
        if let bytes = Self.residentBytes() { resident.record(bytes) }
        if let seconds = Self.cpuSeconds() { count(seconds) }
        if let count = Self.openFiles() { files.record(count) }
    }

    /// Adds what the total grew by since the last call.
    private func count(_ seconds: Double) {
        let growth = countedSeconds.withLock { counted in
            defer { counted = max(counted, seconds) }
            return max(seconds - counted, 0)
        }
        cpu.increment(by: growth)
    }

    private static func residentBytes() -> Int? {
        guard let text = smallFile("/proc/self/statm") else { return nil }
        let fields = text.split(separator: " ")
        guard fields.count > 1, let pages = Int(fields[1]) else { return nil }
        return pages * Int(sysconf(Int32(_SC_PAGESIZE)))
    }

    private static func cpuSeconds() -> Double? {
        var usage = rusage()
        guard getrusage(Int32(RUSAGE_SELF.rawValue), &usage) == 0 else { return nil }
        let seconds = Double(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec)
        return seconds + Double(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / 1_000_000
    }

    private static func openFiles() -> Int? {
        guard let folder = opendir("/proc/self/fd") else { return nil }
        defer { closedir(folder) }
        var count = 0
        while readdir(folder) != nil { count += 1 }
        // ".", ".." and the folder itself.
        return count - 3
    }

    private static func smallFile(_ path: String) -> String? {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { return nil }
        defer { close(descriptor) }
        var bytes = [UInt8](repeating: 0, count: 4096)
        let count = bytes.withUnsafeMutableBytes { read(descriptor, $0.baseAddress, $0.count) }
        guard count > 0 else { return nil }
        return String(decoding: bytes[..<count], as: UTF8.self)
    }
}
