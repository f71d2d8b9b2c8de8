import Glibc

/// Reads configuration files whole, within a bound.
public enum SettingsFile {
    /// The UTF-8 text of a regular file.
    /// - Throws: a problem of kind `unreadable` or `too_large` that names the file and the reason.
    public static func text(of path: String, maxBytes: Int) throws(SettingsError) -> String {
        guard let text = String(validating: try bytes(of: path, maxBytes: maxBytes), as: UTF8.self) else {
            throw failure(path, .unreadable, "bytes that are no UTF-8", "a text in UTF-8")
        }
        return text
    }

    /// The bytes of a regular file.
    /// - Throws: a problem of kind `unreadable` or `too_large` that names the file and the reason.
    public static func bytes(of path: String, maxBytes: Int) throws(SettingsError) -> [UInt8] {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { throw failure(path, .unreadable, reason(errno), "a readable file") }
        defer { close(descriptor) }
        var bytes: [UInt8] = []
        var block = [UInt8](repeating: 0, count: min(maxBytes + 1, 1 << 16))
        while bytes.count <= maxBytes {
            let got = block.withUnsafeMutableBytes { read(descriptor, $0.baseAddress, $0.count) }
            if got < 0, errno == EINTR { continue }
            guard got >= 0 else { throw failure(path, .unreadable, reason(errno), "a readable file") }
            if got == 0 { return bytes }
            bytes += block[..<got]
        }
        throw failure(path, .tooLarge, "more than \(maxBytes) bytes", "at most \(maxBytes)")
    }

    private static func failure(
        _ path: String, _ kind: SettingsProblem.Kind, _ given: String, _ allowed: String
    ) -> SettingsError {
        SettingsError([SettingsProblem(kind: kind, source: path, key: "", given: given, allowed: allowed)])
    }

    private static func reason(_ code: Int32) -> String {
        switch code {
        case ENOENT: "a file that does not exist"
        case EACCES: "a file this user may not read"
        case EISDIR: "a folder"
        default: "a file that cannot be read (error \(code))"
        }
    }
}
