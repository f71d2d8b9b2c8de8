import Foundation

/// Compares imports with the rows of the manifest.
///
/// SwiftPM alone does not keep modules apart: an undeclared import compiles when the module happens to be built.
struct ImportRules {
    /// Modules of the toolchain that any product module may import.
    static let systemModules: Set<String> = ["Glibc", "Synchronization"]
    /// Modules of the toolchain that only the named modules may import.
    static let grantedModules: [String: Set<String>] = [
        "FoundationEssentials": ["ServiceKit"]  // JSON of service_state, once a cycle
    ]
    /// Modules that tests may import besides.
    static let testModules: Set<String> = ["Testing", "Foundation", "FoundationEssentials", "Dispatch"]

    let manifest: Manifest

    /// What the files of `target` may import; nil when no row of the manifest makes such a target.
    func allowed(in target: String, isTest: Bool) -> Set<String>? {
        guard let row = row(of: target, isTest: isTest) else { return nil }
        let granted = Self.grantedModules.filter { $0.value.contains(target) }.keys
        let always = Self.systemModules.union(granted).union(isTest ? Self.testModules : [])
        return always.union(row)
    }

    private func row(of target: String, isTest: Bool) -> [String]? {
        guard isTest else {
            return manifest.shared.first { $0.name == target }?.imports
                ?? manifest.services.first { $0.name == target }?.imports
        }
        if target == "Support" { return manifest.supportImports }
        if target == "Benchmarks" { return manifest.benchmarkImports }
        if let whole = manifest.wholeTests.first(where: { $0.name == target }) { return whole.imports }
        guard target.hasSuffix("Tests"), let imports = row(of: String(target.dropLast(5)), isTest: false) else {
            return nil
        }
        let tested = String(target.dropLast(5))
        let swift = imports.filter { !manifest.cModules.contains($0) }
        return [tested, "Support"] + swift + (manifest.testExtras[tested] ?? [])
    }

    /// Imports of one file that its row does not give.
    func violations(in source: SourceText) -> [Violation] {
        let folders = source.path.split(separator: "/").map(String.init)
        guard folders.count >= 3 else { return [] }
        let target = folders[1]
        guard let allowed = allowed(in: target, isTest: folders[0] == "Tests") else {
            return [violation(source.path, 0, "\(target) is in no table of Package.swift; add its row")]
        }
        return source.imports.compactMap { line, module in
            allowed.contains(module) ? nil : violation(source.path, line, reason(target, module, folders[0]))
        }
    }

    private func reason(_ target: String, _ module: String, _ folder: String) -> String {
        if module == "Foundation" {
            return "\(target) imports Foundation, which brings 40 MB of Unicode tables; use Glibc or the own types"
        }
        if manifest.services.contains(where: { $0.name == module }) && folder != "Tests" {
            return "\(target) imports the service \(module); services meet in the database only"
        }
        return "\(target) imports \(module), which its row in Package.swift does not give"
    }

    /// What is wrong with the tables themselves.
    func tableViolations() -> [Violation] {
        layerViolations() + serviceViolations() + libraryViolations()
    }

    private func layerViolations() -> [Violation] {
        var below = Set(manifest.packages.map(\.product)).union(manifest.cModules)
        var found: [Violation] = []
        for row in manifest.shared {
            for module in row.imports where !below.contains(module) {
                found.append(table("\(row.name) imports \(module), which is no row above it"))
            }
            below.insert(row.name)
        }
        return found
    }

    private func serviceViolations() -> [Violation] {
        let names = Set(manifest.services.map(\.name))
        let known = Set(manifest.shared.map(\.name)).union(manifest.packages.map(\.product))
        let rows = manifest.shared.map { ($0.name, $0.imports) } + manifest.services.map { ($0.name, $0.imports) }
        let onRight = rows.flatMap { row, imports in
            imports.filter(names.contains).map { table("\(row) imports the service \($0); nothing imports a service") }
        }
        let unknown = manifest.services.flatMap { service in
            service.imports.filter { !known.contains($0) && !names.contains($0) }
                .map { table("\(service.name) imports \($0), which is no shared module and no package product") }
        }
        return onRight + unknown
    }

    private func libraryViolations() -> [Violation] {
        let rows = manifest.shared.map { ($0.name, $0.imports) } + manifest.services.map { ($0.name, $0.imports) }
        return manifest.libraries.compactMap { library in
            let importers = rows.filter { $0.1.contains(library.name) }.map(\.0)
            if importers.count == 1 { return nil }
            return table("\(library.name) is imported by \(importers); a C module has exactly one Swift importer")
        }
    }

    /// Folders without a row and rows without a folder. `folders` are paths such as `Shared/Nostr`.
    func folderViolations(_ folders: Set<String>) -> [Violation] {
        let modules = manifest.shared.map(\.name)
        let services = manifest.services.map(\.name)
        let tests = (modules + services).map { "\($0)Tests" } + manifest.wholeTests.map(\.name)
        let expected = Set(
            (modules + manifest.libraries.map(\.name)).map { "Shared/\($0)" } + services.map { "Services/\($0)" }
                + (tests + ["Support", "Benchmarks"]).map { "Tests/\($0)" })
        let stray = folders.subtracting(expected).sorted().map {
            violation($0, 0, "folder without a row in Package.swift")
        }
        return stray + expected.subtracting(folders).sorted().map { table("\($0) has a row and no files") }
    }

    private func table(_ message: String) -> Violation { violation("Package.swift", 0, message) }

    private func violation(_ path: String, _ line: Int, _ message: String) -> Violation {
        Violation(path: path, line: line, rule: "imports", message: message)
    }
}

extension SourceText {
    /// Line and module of every import; `import struct A.B` and submodules count as `A`.
    var imports: [(line: Int, module: String)] {
        let kinds: Set<Substring> = ["struct", "class", "enum", "protocol", "typealias", "func", "let", "var", "actor"]
        return code.enumerated().flatMap { index, text in
            text.split(separator: ";").compactMap { statement in
                let words = statement.split { $0.isWhitespace }
                guard let position = words.firstIndex(of: "import"), position < words.count - 1,
                    words[..<position].allSatisfy(\.isImportModifier)
                else { return nil }
                let names = words[(position + 1)...].drop { kinds.contains($0) }
                return names.first.map { (index + 1, String($0.prefix { $0 != "." })) }
            }
        }
    }
}

extension Substring {
    fileprivate var isImportModifier: Bool {
        hasPrefix("@") || ["public", "package", "internal", "fileprivate", "private"].contains(String(self))
    }
}
