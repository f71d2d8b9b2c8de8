import Testing

/// The pages of the project: README files and `docs`.
@Suite struct LinkTests {
    private let planted: LinkRules

    init() throws {
        let paths = ["README.md", "docs/STYLE.md", "docs/decisions/0001.md", "Shared/Nostr/Event.swift"]
        planted = try LinkRules(paths: paths)
    }

    private func found(_ text: String, path: String = "docs/STYLE.md") -> Int {
        planted.violations(path: path, text: text).count
    }

    @Test func `every link and every named path leads somewhere`() throws {
        let repository = try Repository()
        let rules = try LinkRules(paths: repository.paths)
        let pages = try repository.texts(repository.paths.filter { $0.hasSuffix(".md") })
        #expect(pages.count > 8)
        expectNone(pages.flatMap { rules.violations(path: $0.path, text: $0.text) })
    }

    @Test func `every page that code and SQL name exists`() throws {
        let repository = try Repository()
        let rules = try LinkRules(paths: repository.paths)
        // The planted pages of these checks do not exist on purpose.
        let paths = repository.paths.filter { !$0.hasSuffix(".md") && !$0.hasPrefix("Tests/TidyTests/") }
        let texts = paths.compactMap { path in (try? repository.text(path)).map { (path, $0) } }
        expectNone(texts.flatMap { rules.pageViolations(path: $0.0, text: $0.1) })
    }

    @Test func `a page that code names in vain is found`() {
        #expect(planted.pageViolations(path: "a.sql", text: "-- costs:\n-- docs/GONE.md has them").map(\.line) == [2])
        #expect(planted.pageViolations(path: "a.sql", text: "-- docs/STYLE.md, other/docs/GONE.md").isEmpty)
    }

    @Test func `every dependency has its line in the decisions`() throws {
        let repository = try Repository()
        let manifest = try Manifest(text: repository.text("Package.swift"))
        let text = try repository.text("docs/decisions/0001-dependencies.md")
        expectNone(Self.undecided(manifest, decisions: text))
    }

    @Test(arguments: [
        "[a](missing.md)", "[a](../missing.md)", "[a](../../README.md)", "`Shared/Nostr/Gone.swift`", "`docs/*.txt`",
        "[a](decisions/0002.md#part)", "`Services/Finder/`",
    ])
    func `a dead link is found`(text: String) {
        #expect(found("x " + text) == 1)
    }

    @Test(arguments: [
        "[a](STYLE.md)", "[a](../README.md#part)", "[a](decisions)", "[a](https://example.org/x)", "[a](#part)",
        "`Shared/Nostr/Event.swift`", "`Shared/Nostr/`", "`Shared/*/Event.swift`", "`Shared/<Module>/`",
        "`events/relays`",
    ])
    func `a sound link is accepted`(text: String) {
        #expect(found("x " + text) == 0)
    }

    @Test func `a dependency without a line is found`() throws {
        let manifest = try Manifest(text: ManifestTests.text)
        #expect(Self.undecided(manifest, decisions: "Yams and swift-nio").map(\.message).count == 1)
        #expect(Self.undecided(manifest, decisions: "Yams, swift-nio and libpq").isEmpty)
    }

    private static func undecided(_ manifest: Manifest, decisions: String) -> [Violation] {
        let packages = manifest.packages.compactMap { package in
            package.repository.split(separator: "/").last.map { String($0.dropLast(".git".count)) }
        }
        let names = Set(packages + manifest.libraries.map(\.pkgConfig)).sorted()
        return names.filter { !decisions.contains($0) }.map { name in
            let message = "\(name) has no line in docs/decisions/0001-dependencies.md: what it replaces, and why"
            return Violation(path: "Package.swift", line: 0, rule: "dependency", message: message)
        }
    }
}
