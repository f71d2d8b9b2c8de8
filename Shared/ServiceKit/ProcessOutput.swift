import Glibc

/// Text of the command line itself, before or instead of logging. Nothing else writes to the standard streams but the
/// log's own sink.
enum ProcessOutput {
    /// Writes text for people and scripts.
    static func write(_ report: ExitReport) {
        write(report.output, to: STDOUT_FILENO)
        write(report.errors, to: STDERR_FILENO)
    }

    private static func write(_ text: String, to descriptor: Int32) {
        var rest = Array(text.utf8)[...]
        while !rest.isEmpty {
            let written = rest.withUnsafeBytes { Glibc.write(descriptor, $0.baseAddress, $0.count) }
            if written < 0, errno == EINTR { continue }
            // A closed pipe has no reader to tell.
            guard written > 0 else { return }
            rest = rest.dropFirst(written)
        }
    }
}
