import Foundation
import Testing

/// The toolchain's own formatter agrees with every file.
///
/// It runs as a test and not as a step of a script, so that no way of running the tests leaves it out.
@Suite struct FormatTests {
    /// Runs the linter on `paths` below `folder`; returns its complaints, one a line.
    private func lint(_ paths: [String], in folder: URL) throws -> [String] {
        let configuration = try Repository().root.appending(path: ".swift-format").path
        let process = Process()
        process.executableURL = URL(filePath: "/usr/bin/env")
        process.arguments =
            ["swift", "format", "lint", "--strict", "--parallel", "--recursive"]
            + ["--configuration", configuration] + paths
        process.currentDirectoryURL = folder
        let output = Pipe()
        process.standardError = output
        process.standardOutput = FileHandle.nullDevice
        try process.run()
        // Read to the end before waiting: a full pipe would stop the linter.
        let text = String(decoding: try output.fileHandleForReading.readToEnd() ?? Data(), as: UTF8.self)
        process.waitUntilExit()
        if process.terminationStatus == 0 { return [] }
        return ["swift format ended with status \(process.terminationStatus)"]
            + text.split(separator: "\n").map(String.init)
    }

    /// A complaint reads `path:line:column: error: [Rule] what`.
    private func violation(_ complaint: String) -> Violation {
        let parts = complaint.split(separator: ":", maxSplits: 4).map { String($0.trimmed) }
        guard parts.count == 5, let line = Int(parts[1]) else {
            return Violation(path: "", line: 0, rule: "format", message: complaint)
        }
        return Violation(path: parts[0], line: line, rule: "format", message: parts[4])
    }

    @Test func `every Swift file is formatted`() throws {
        let root = try Repository().root
        expectNone(try lint(["Shared", "Services", "Tests", "Package.swift"], in: root).map(violation))
    }

    @Test func `a badly formatted file is refused and a well formatted one accepted`() throws {
        let folder = FileManager.default.temporaryDirectory.appending(path: "tidy-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        try "let a  =  1;\n".write(to: folder.appending(path: "Bad.swift"), atomically: true, encoding: .utf8)
        try "let a = 1\n".write(to: folder.appending(path: "Good.swift"), atomically: true, encoding: .utf8)
        #expect(try !lint(["Bad.swift"], in: folder).isEmpty)
        #expect(try lint(["Good.swift"], in: folder).isEmpty)
    }
}
