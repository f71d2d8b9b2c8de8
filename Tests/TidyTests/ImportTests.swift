import Testing

/// Who may import whom.
@Suite struct ImportTests {
    private let planted: ImportRules

    init() throws {
        planted = ImportRules(manifest: try Manifest(text: ManifestTests.text))
    }

    private func holdsSources(_ path: String) -> Bool {
        path.hasSuffix(".swift") || path.hasSuffix(".modulemap")
    }

    private func violations(_ path: String, _ text: String) -> [Violation] {
        planted.violations(in: SourceText(path: path, text: text))
    }

    @Test func `every file imports what its row gives`() throws {
        let repository = try Repository()
        let rules = ImportRules(manifest: try Manifest(text: repository.text("Package.swift")))
        expectNone(try repository.sources().flatMap(rules.violations))
    }

    @Test func `the tables keep layers, services and C modules apart`() throws {
        expectNone(ImportRules(manifest: try Manifest(text: Repository().text("Package.swift"))).tableViolations())
    }

    @Test func `every folder has a row and every row a folder`() throws {
        let repository = try Repository()
        let rules = ImportRules(manifest: try Manifest(text: repository.text("Package.swift")))
        let folders = repository.paths(under: ["Shared", "Services", "Tests"]).filter(holdsSources).map { path in
            path.split(separator: "/").prefix(2).joined(separator: "/")
        }
        expectNone(rules.folderViolations(Set(folders)))
    }

    @Test(arguments: [
        "import Foundation", "public import Database", "@preconcurrency internal import NIOCore",
        "import struct Foundation.URL", "let a = 1; import Finder", "@testable import Finder", "import CPostgres",
    ])
    func `an import that the row does not give is refused`(line: String) {
        #expect(violations("Shared/Nostr/Event.swift", "\n" + line).map(\.line) == [2])
    }

    @Test func `an import that the row gives is accepted`() {
        #expect(violations("Shared/Database/Pool.swift", "public import Nostr\nimport Glibc\nimport CPostgres").isEmpty)
        #expect(violations("Tests/DatabaseTests/A.swift", "import Testing\n@testable import Database").isEmpty)
        #expect(violations("Tests/StoreTests/A.swift", "@testable import Finder").isEmpty)
    }

    @Test func `a granted module is granted to the named modules only`() {
        #expect(planted.allowed(in: "Nostr", isTest: false)?.contains("FoundationEssentials") == false)
        #expect(planted.allowed(in: "Nostr", isTest: false)?.contains("Glibc") == true)
        #expect(planted.allowed(in: "DatabaseTests", isTest: true)?.contains("Foundation") == true)
    }

    @Test func `an import in a comment or a literal is none`() {
        #expect(violations("Shared/Nostr/A.swift", "// import Foundation\nlet a = \"import Foundation\"").isEmpty)
    }

    @Test func `a service imports no other, and its tests only itself`() {
        #expect(violations("Services/Finder/A.swift", "import API").count == 1)
        #expect(violations("Tests/FinderTests/A.swift", "@testable import Finder\n@testable import API").count == 1)
    }

    @Test func `the tests of a module do not reach its C module`() {
        #expect(violations("Tests/DatabaseTests/A.swift", "import CPostgres").count == 1)
    }

    @Test func `a file of no target is refused`() {
        #expect(violations("Shared/Stray/A.swift", "").count == 1)
    }

    @Test(arguments: [
        ("(\"Nostr\", [])", "(\"Nostr\", [\"Database\"])"),
        ("(\"Settings\", [\"Yams\"])", "(\"Settings\", [\"Finder\"])"),
        ("\"Finder\", base + [\"Nostr\"]", "\"Finder\", base + [\"API\"]"),
        ("\"Finder\", base + [\"Nostr\"]", "\"Finder\", base + [\"Nowhere\"]"),
        ("(\"Nostr\", [])", "(\"Nostr\", [\"CPostgres\"])"),
        ("\"CPostgres\", \"Nostr\"", "\"Nostr\""),
    ])
    func `a row that breaks the architecture is refused`(row: String, planted: String) throws {
        let text = ManifestTests.text.replacing(row, with: planted)
        #expect(text != ManifestTests.text)
        #expect(!ImportRules(manifest: try Manifest(text: text)).tableViolations().isEmpty)
    }

    @Test func `the sound table is accepted`() {
        #expect(planted.tableViolations().isEmpty)
    }

    @Test func `stray and missing folders are named`() {
        let found = planted.folderViolations(["Shared/Nostr", "Shared/Stray"]).map(\.message)
        #expect(planted.folderViolations(["Shared/Stray"]).contains { $0.path == "Shared/Stray" })
        #expect(found.contains("Services/Finder has a row and no files"))
        #expect(!found.contains("Shared/Nostr has a row and no files"))
    }
}
