import Glibc

/// Figures of a run that no test can assert on a busy machine, for whoever reads its output.
enum Footnote {
    /// Writes a line to standard error.
    static func write(_ text: String) {
        let bytes = Array((text + "\n").utf8)
        _ = Glibc.write(STDERR_FILENO, bytes, bytes.count)
    }
}
