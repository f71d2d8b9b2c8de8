import Crypto
import Glibc

/// Files of the installation, read whole.
enum SchemaFolder {
    /// One file of SQL.
    struct Script: Sendable {
        /// File name without `.sql`.
        var name: String
        /// What stands in it.
        var text: String
        /// SHA-256 of its bytes, 32 bytes.
        var checksum: [UInt8]
    }

    /// Most bytes of one file of SQL.
    static let maxScriptBytes = 16 << 20

    /// The `.sql` files of a folder in order of their names.
    static func scripts(_ folder: String) throws(InitializerError) -> [Script] {
        guard let directory = opendir(folder) else { throw unreadable(folder) }
        defer { closedir(directory) }
        var names: [String] = []
        while let entry = readdir(directory) {
            let name = withUnsafeBytes(of: entry.pointee.d_name) { bytes in
                String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
            }
            // Editors leave hidden copies behind.
            if name.hasSuffix(".sql"), !name.hasPrefix(".") { names.append(name) }
        }
        guard !names.isEmpty else { throw .noFiles(folder: folder) }
        var scripts: [Script] = []
        for name in names.sorted() { scripts.append(try script(name, folder)) }
        return scripts
    }

    /// The bytes of a file.
    static func bytes(_ path: String, maxBytes: Int) throws(InitializerError) -> [UInt8] {
        guard let file = fopen(path, "r") else { throw unreadable(path) }
        defer { fclose(file) }
        var bytes: [UInt8] = []
        var block = [UInt8](repeating: 0, count: 1 << 16)
        while case let count = fread(&block, 1, block.count, file), count > 0 {
            bytes += block[..<count]
            guard bytes.count <= maxBytes else { throw .tooLarge(path: path, limitBytes: maxBytes) }
        }
        // A folder opens, and fails here.
        guard ferror(file) == 0 else { throw unreadable(path) }
        return bytes
    }

    private static func script(_ name: String, _ folder: String) throws(InitializerError) -> Script {
        let path = "\(folder)/\(name)"
        let bytes = try bytes(path, maxBytes: maxScriptBytes)
        guard let text = String(validating: bytes, as: UTF8.self) else {
            throw .unreadable(path: path, reason: "not UTF-8")
        }
        return Script(name: String(name.dropLast(4)), text: text, checksum: SHA256.hash(bytes).bytes)
    }

    private static func unreadable(_ path: String) -> InitializerError {
        .unreadable(path: path, reason: strerror(errno).map { String(cString: $0) } ?? "error \(errno)")
    }
}
