import Glibc

/// Processors this process may use.
enum Processors {
    static let count = max(1, sysconf(Int32(_SC_NPROCESSORS_ONLN)))
}

/// CPU time of processes, user and system together.
enum CPUTime {
    /// Seconds this process has used.
    static var own: Double {
        var time = timespec()
        clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time)
        return Double(time.tv_sec) + Double(time.tv_nsec) / 1e9
    }

    /// Seconds that this run's PostgreSQL and PgBouncer have used. A server process that ended takes its time to its
    /// parent, which is counted too (proc(5), cutime and cstime).
    static var servers: Double {
        ofProcesses { process, name in
            (name.hasPrefix("postgres") || name.hasPrefix("pgbouncer")) && isOfThisRun(process)
        }
    }

    /// Other servers may be on the machine: these work in the folder of the tests' own, or in one right below.
    private static func isOfThisRun(_ process: pid_t) -> Bool {
        guard let state = getenv("BIGBROTR_TEST_STATE").map({ String(cString: $0) }) else { return true }
        let folder = "\(state)/test-run"
        let work = identity("/proc/\(process)/cwd")
        return work != nil && (work == identity(folder) || work == identity("\(folder)/postgres"))
    }

    /// Device and number of what a path leads to; texts of paths differ where file systems are mounted twice.
    private static func identity(_ path: String) -> [UInt64]? {
        var facts = stat()
        guard stat(path, &facts) == 0 else { return nil }
        return [UInt64(facts.st_dev), UInt64(facts.st_ino)]
    }

    /// Seconds of one process and the children it has waited for (proc(5): fields 14 to 17 of stat).
    static func of(process: pid_t) -> Double {
        guard let stat = text(of: "/proc/\(process)/stat"), let end = stat.lastIndex(of: ")") else { return 0 }
        let fields = stat[stat.index(after: end)...].split(separator: " ")
        guard fields.count > 14 else { return 0 }
        let ticks = fields[11...14].compactMap { Double($0) }.reduce(0, +)
        return ticks / Double(sysconf(Int32(_SC_CLK_TCK)))
    }

    /// Resident memory of this process in MiB.
    static var residentMebibytes: Double { residentMebibytes(of: getpid()) }

    /// Resident memory of a process in MiB; 0 when it is gone (proc(5): second field of statm, in pages).
    static func residentMebibytes(of process: pid_t) -> Double {
        let statm = text(of: "/proc/\(process)/statm")
        let pages = statm?.split(separator: " ").dropFirst().first.flatMap { Double($0) }
        return (pages ?? 0) * Double(sysconf(Int32(_SC_PAGESIZE))) / 1_048_576
    }

    /// The most that was ever resident of a process, in MiB (proc(5): VmHWM of status).
    static func peakMebibytes(of process: pid_t) -> Double {
        let line = text(of: "/proc/\(process)/status")?.split(separator: "\n").first { $0.hasPrefix("VmHWM:") }
        return (line?.split(separator: " ").dropFirst().first.flatMap { Double($0) } ?? 0) / 1_024
    }

    private static func ofProcesses(_ isMeant: (pid_t, String) -> Bool) -> Double {
        guard let folder = opendir("/proc") else { return 0 }
        defer { closedir(folder) }
        var sum = 0.0
        while let entry = readdir(folder) {
            let name = withUnsafeBytes(of: &entry.pointee.d_name) { bytes in
                String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
            }
            guard let process = pid_t(name), let command = text(of: "/proc/\(process)/comm"), isMeant(process, command)
            else { continue }
            sum += of(process: process)
        }
        return sum
    }

    private static func text(of path: String) -> String? {
        guard let file = fopen(path, "r") else { return nil }
        defer { fclose(file) }
        var buffer = [UInt8](repeating: 0, count: 4_096)
        let count = fread(&buffer, 1, buffer.count, file)
        return String(decoding: buffer.prefix(count), as: UTF8.self)
    }
}
