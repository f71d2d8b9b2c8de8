import Foundation
import Support

extension ServiceProcess {
    /// Most memory that it ever had resident, in MiB.
    var peakMebibytes: Int {
        let status = (try? String(contentsOfFile: "/proc/\(processID)/status", encoding: .utf8)) ?? ""
        let line = status.split(separator: "\n").first { $0.hasPrefix("VmHWM:") }
        let kibibytes = line?.split(whereSeparator: \.isWhitespace).dropFirst().first.flatMap { Int($0) }
        return kibibytes.map { $0 / 1_024 } ?? .max
    }

    /// Bytes of its longest log line, without the newline.
    var longestLine: Int { output.split(separator: "\n").map(\.utf8.count).max() ?? 0 }
}
