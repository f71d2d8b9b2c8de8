import Testing

/// Seven executables, the same seven everywhere.
@Suite struct ParityTests {
    private let planted = Parity(products: ["bigbrotr-synchronizer", "bigbrotr-priority-synchronizer"])

    private func parity() throws -> (Repository, Parity) {
        let repository = try Repository()
        let manifest = try Manifest(text: repository.text("Package.swift"))
        return (repository, Parity(products: manifest.services.map(\.product)))
    }

    @Test func `every executable ships its configuration`() throws {
        let (repository, parity) = try parity()
        expectNone(parity.configViolations(folder: "deploy/bigbrotr/yaml/services", paths: repository.paths))
    }

    @Test(arguments: ["README.md", "docs/ARCHITECTURE.md"])
    func `every executable has its row in the pages`(page: String) throws {
        let (repository, parity) = try parity()
        expectNone(parity.violations(in: .init(what: page, text: try? repository.text(page))))
    }

    @Test func `the run without containers starts every executable`() throws {
        let (repository, parity) = try parity()
        let texts = try repository.texts(repository.paths(under: ["deploy/local"]) + ["Makefile"])
        let text = texts.map(\.text).joined(separator: "\n")
        expectNone(parity.violations(in: .init(what: "deploy/local and Makefile", text: text)))
    }

    @Test func `compose starts every executable, once there is one`() throws {
        let (repository, parity) = try parity()
        let text = try? repository.text("compose/compose.yaml")
        guard repository.paths.contains(where: { $0.hasPrefix("compose/") }) else { return }
        expectNone(parity.violations(in: .init(what: "compose/compose.yaml", text: text)))
    }

    @Test func `a missing and a left-over configuration are found`() {
        let found = planted.configViolations(folder: "y", paths: ["y/synchronizer.yaml", "y/old.yaml", "z/x.yaml"])
        #expect(found.map(\.path) == ["y/priority_synchronizer.yaml", "y/old.yaml"])
    }

    @Test func `a product inside a longer name is not named`() {
        let place = Parity.Place(what: "Makefile", text: "run: priority_synchronizer synchronizer2")
        #expect(planted.violations(in: place).map(\.message) == ["does not name bigbrotr-synchronizer"])
    }

    @Test func `a place that does not exist is a violation`() {
        #expect(planted.violations(in: .init(what: "Makefile", text: nil)).count == 1)
    }

    @Test func `all products named is accepted`() {
        let text = "`bigbrotr-synchronizer`, bigbrotr-priority-synchronizer"
        #expect(planted.violations(in: .init(what: "README.md", text: text)).isEmpty)
        let paths = ["y/synchronizer.yaml", "y/priority_synchronizer.yaml"]
        #expect(planted.configViolations(folder: "y", paths: paths).isEmpty)
    }
}
