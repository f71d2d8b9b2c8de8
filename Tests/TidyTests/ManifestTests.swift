import Testing

/// Reading the tables of the manifest.
@Suite struct ManifestTests {
    static let text = """
        let nio = "https://example.org/swift-nio.git"
        let packages: [(product: String, repository: String)] = [
            ("Yams", "https://example.org/Yams.git"),  // YAML
            ("NIOCore", nio), ("NIOPosix", nio),
        ]
        let libraries: [(name: String, pkgConfig: String)] = [("CPostgres", "libpq")]
        let shared: [(name: String, imports: [String])] = [
            ("Nostr", []), ("Settings", ["Yams"]),
            ("Database", ["CPostgres", "Nostr", "Settings"]),
        ]
        let base = ["Database", "Settings"]
        let services: [(product: String, name: String, imports: [String])] = [
            ("bigbrotr-finder", "Finder", base + ["Nostr"]),
            ("bigbrotr-api", "API", base),
        ]
        let supportImports = ["Nostr"]
        let benchmarkImports = ["Support"] + supportImports
        let testExtras: [String: [String]] = ["Database": ["NIOCore"]]
        let wholeTests: [(name: String, imports: [String])] = [
            ("StoreTests", ["Support", "Database", "Finder"]), ("TidyTests", []),
        ]
        """

    @Test func `rows, sums, constants and dictionaries are read`() throws {
        let manifest = try Manifest(text: Self.text)
        #expect(manifest.packages.map(\.product) == ["Yams", "NIOCore", "NIOPosix"])
        #expect(manifest.packages.last?.repository == "https://example.org/swift-nio.git")
        #expect(manifest.cModules == ["CPostgres"])
        #expect(manifest.shared.last == .init(name: "Database", imports: ["CPostgres", "Nostr", "Settings"]))
        #expect(manifest.services.first?.imports == ["Database", "Settings", "Nostr"])
        #expect(manifest.benchmarkImports == ["Support", "Nostr"])
        #expect(manifest.testExtras == ["Database": ["NIOCore"]])
        #expect(manifest.wholeTests.map(\.name) == ["StoreTests", "TidyTests"])
    }

    @Test(arguments: ["packages", "libraries", "shared", "services", "supportImports", "wholeTests"])
    func `a table that is gone is named`(table: String) {
        let text = Self.text.replacing("let \(table)", with: "let other")
        #expect(throws: ManifestError(table: table)) { try Manifest(text: text) }
    }

    @Test func `the tables of this repository are read`() throws {
        let manifest = try Manifest(text: Repository().text("Package.swift"))
        #expect(manifest.services.count == 7)
        #expect(manifest.shared.contains { $0.name == "Nostr" })
        #expect(manifest.libraries.contains { $0.pkgConfig == "libpq" })
    }
}
