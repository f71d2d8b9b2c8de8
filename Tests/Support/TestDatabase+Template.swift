import Crypto
import Database
import Glibc
import Synchronization

/// The template: the files of postgres/init in one database that nobody connects to.
extension TestDatabaseServer {
    /// Name of the template, made if it is not there. Its name holds a digest of the files, so a changed file makes a
    /// new one. Safe for any number of tests and test processes at once.
    func template() async throws -> String {
        if isShared, let name = Self.ready.withLock({ $0 }) { return name }
        let files = try Self.schemaFiles()
        let digest = SHA256.hash(files.flatMap { Array($0.name.utf8) + Array($0.text.utf8) })
        let name = "bigbrotr_template_\(digest.hex.prefix(12))"
        try await withConnection { guardian in
            // One maker at a time in the whole server; the lock goes with the transaction.
            try await guardian.query("BEGIN", timeout: .seconds(10))
            try await guardian.query("SELECT pg_advisory_xact_lock(16962, 99)", timeout: .seconds(300))
            let found = try await guardian.query(
                "SELECT FROM pg_database WHERE datname = $1", .text(name), timeout: .seconds(10))
            if found.isEmpty { try await make(name, files) }
            try await guardian.query("COMMIT", timeout: .seconds(10))
        }
        if isShared { Self.ready.withLock { $0 = name } }
        return name
    }

    /// Of the shared server. Those of a test's own come and go, each with a new one at the same ports.
    private static let ready = Mutex<String?>(nil)

    /// Under another name until it is whole: a maker that is killed leaves nothing that could be taken for a template.
    private func make(_ name: String, _ files: [(name: String, text: String)]) async throws {
        let unfinished = name + "_unfinished"
        try await run("DROP DATABASE IF EXISTS \(unfinished) WITH (FORCE)")
        try await run("CREATE DATABASE \(unfinished)")
        try await withConnection(database: unfinished) { connection in
            for file in files {
                try await connection.runScript(file.text, name: file.name, timeout: .seconds(60))
            }
        }
        try await run("ALTER DATABASE \(unfinished) RENAME TO \(name)")
    }

    /// The files in the order of their names.
    static func schemaFiles() throws -> [(name: String, text: String)] {
        // Of the source file's real place: a package may reach it through a link.
        guard let source = realpath(#filePath, nil) else { throw Missing(description: "no sources at \(#filePath)") }
        defer { free(source) }
        let path = String(cString: source).split(separator: "/").dropLast(3).joined(separator: "/")
        let folder = "/\(path)/postgres/init"
        guard let directory = opendir(folder) else { throw Missing(description: "no folder \(folder)") }
        defer { closedir(directory) }
        var names: [String] = []
        while let entry = readdir(directory) {
            let name = withUnsafeBytes(of: entry.pointee.d_name) {
                String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self)
            }
            if name.hasSuffix(".sql") { names.append(name) }
        }
        guard !names.isEmpty else { throw Missing(description: "no files in \(folder)") }
        return try names.sorted().map { ($0, try text(of: "\(folder)/\($0)")) }
    }

    private static func text(of path: String) throws -> String {
        guard let file = fopen(path, "r") else { throw Missing(description: "cannot read \(path)") }
        defer { fclose(file) }
        var bytes: [UInt8] = []
        var block = [UInt8](repeating: 0, count: 1 << 16)
        while case let count = fread(&block, 1, block.count, file), count > 0 { bytes += block[..<count] }
        return String(decoding: bytes, as: UTF8.self)
    }
}
