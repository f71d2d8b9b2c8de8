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

    /// Seconds that PostgreSQL and PgBouncer have used, all processes of this machine with these names. A server
    /// process that ended takes its time to its parent, which is counted too (proc(5), cutime and cstime).
    static var servers: Double { ofProcesses { $0.hasPrefix("postgres") || $0.hasPrefix("pgbouncer") } }

    /// Seconds of one process and the children it has waited for (proc(5): fields 14 to 17 of stat).
    static func of(process: pid_t) -> Double {
        guard let stat = text(of: "/proc/\(process)/stat"), let end = stat.lastIndex(of: ")") else { return 0 }
        let fields = stat[stat.index(after: end)...].split(separator: " ")
        guard fields.count > 14 else { return 0 }
        let ticks = fields[11...14].compactMap { Double($0) }.reduce(0, +)
        return ticks / Double(sysconf(Int32(_SC_CLK_TCK)))
    }

    /// Resident memory of this process in MiB (proc(5): second field of statm, in pages).
    static var residentMebibytes: Double {
        let pages = text(of: "/proc/self/statm")?.split(separator: " ").dropFirst().first.flatMap { Double($0) }
        return (pages ?? 0) * Double(sysconf(Int32(_SC_PAGESIZE))) / 1_048_576
    }

    private static func ofProcesses(named isMeant: (String) -> Bool) -> Double {
        guard let folder = opendir("/proc") else { return 0 }
        defer { closedir(folder) }
        var sum = 0.0
        while let entry = readdir(folder) {
            let name = withUnsafeBytes(of: &entry.pointee.d_name) { bytes in
                String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
            }
            guard let process = pid_t(name), let command = text(of: "/proc/\(process)/comm"), isMeant(command) else {
                continue
            }
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
