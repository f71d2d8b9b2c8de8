import Testing

/// The seven folders below `Services`.
@Suite struct ServiceShapeTests {
    private typealias File = (path: String, text: String)

    private let sound: [File] = [
        ("Finder.swift", "@main struct FinderMain {}\n"), ("FinderConfig.swift", ""), ("FinderService.swift", ""),
        ("README.md", "Tables, invariants, settings, metrics; how it fails."),
    ]

    private func violations(_ files: [File]) -> [Violation] { ServiceShape(name: "Finder").violations(files) }

    @Test func `every service has the same shape`() throws {
        let repository = try Repository()
        let manifest = try Manifest(text: repository.text("Package.swift"))
        for service in manifest.services {
            let folder = "Services/\(service.name)"
            let files = try repository.texts(repository.paths(under: [folder])).map {
                (path: String($0.path.dropFirst(folder.count + 1)), text: $0.text)
            }
            expectNone(ServiceShape(name: service.name).violations(files))
        }
    }

    @Test func `the sound shape is accepted`() {
        #expect(violations(sound).isEmpty)
    }

    @Test(arguments: 0..<4)
    func `each required file is missed`(index: Int) {
        var files = sound
        let gone = files.remove(at: index)
        #expect(violations(files).contains { $0.path.hasSuffix(gone.path) && $0.message == "is missing" })
    }

    @Test func `a long main file is refused and the longest allowed one accepted`() {
        let text = "@main struct FinderMain {}\n" + String(repeating: "// x\n", count: 24)
        #expect(violations([("Finder.swift", text)] + sound.dropFirst()).isEmpty)
        #expect(violations([("Finder.swift", text + "// x\n")] + sound.dropFirst()).count == 1)
    }

    @Test func `@main stands in the main file and nowhere else`() {
        #expect(violations([("Finder.swift", "// @main\n")] + sound.dropFirst()).count == 1)
        #expect(violations(sound + [("Second.swift", "@main enum Second {}")]).count == 1)
        #expect(violations(sound + [("main.swift", "")]).count == 1)
    }

    @Test(arguments: ["import Database", "let a = await b()"])
    func `a plan neither waits nor imports beyond Nostr`(line: String) {
        #expect(violations(sound + [("FinderPlan.swift", line)]).count == 1)
        #expect(violations(sound + [("FinderPlan.swift", "import Nostr\n// await\nlet awaited = 1")]).isEmpty)
    }

    @Test func `a README that leaves a subject out is refused`() {
        #expect(violations(Array(sound.dropLast()) + [("README.md", "Tables and settings.")]).count == 3)
    }
}
