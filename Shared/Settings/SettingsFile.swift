import Glibc

/// Reads configuration files whole, within a bound.
public enum SettingsFile {
    /// The UTF-8 text of a regular file.
    /// - Throws: a problem of kind `unreadable` or `too_large` that names the file and the reason.
    public static func text(of path: String, maxBytes: Int) throws(SettingsError) -> String {
        func failure(_ kind: SettingsProblem.Kind, _ given: String, _ allowed: String) -> SettingsError {
            SettingsError([SettingsProblem(kind: kind, source: path, key: "", given: given, allowed: allowed)])
        }
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { throw failure(.unreadable, reason(errno), "a readable file") }
        defer { close(descriptor) }
        var bytes = [UInt8](repeating: 0, count: maxBytes + 1)
        var count = 0
        while count < bytes.count {
            let got = bytes.withUnsafeMutableBytes {
                read(descriptor, $0.baseAddress?.advanced(by: count), $0.count - count)
            }
            if got < 0, errno == EINTR { continue }
            guard got >= 0 else { throw failure(.unreadable, reason(errno), "a readable file") }
            if got == 0 { break }
            count += got
        }
        guard count <= maxBytes else { throw failure(.tooLarge, "more than \(maxBytes) bytes", "at most \(maxBytes)") }
        guard let text = String(validating: bytes[..<count], as: UTF8.self) else {
            throw failure(.unreadable, "bytes that are no UTF-8", "a text in UTF-8")
        }
        return text
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
