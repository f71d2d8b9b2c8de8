import Testing

/// A file is found by the name of what it holds.
@Suite struct NameRulesTests {
    private let rules: NameRules

    init() throws { rules = try NameRules() }

    private func found(_ path: String, _ text: String) -> [Violation] {
        rules.violations(in: SourceText(path: path, text: text))
    }

    @Test func `every file is named after its main type`() throws {
        expectNone(try Repository().sources(under: ["Shared", "Services"]).flatMap(rules.violations))
    }

    @Test(arguments: [
        ("Shared/Net/Frame.swift", "struct Other {}"), ("Shared/Net/Frame+Text.swift", "extension Other {}"),
        ("Shared/Net/Utils.swift", "enum Utils {}"), ("Shared/Net/Net.swift", "enum Net {}"),
        ("Shared/Net/Frame.swift", "// struct Frame\nlet a = 1"),
    ])
    func `a planted violation is found`(path: String, text: String) {
        #expect(found(path, text).count == 1)
    }

    @Test(arguments: [
        ("Shared/Net/Frame.swift", "public struct Frame: Sendable {}"),
        ("Shared/Net/Frame+Text.swift", "extension Frame {}"),
        ("Shared/Net/Frame+Types.swift", "extension Int: Frame {}"),
        ("Services/Finder/Finder.swift", "@main struct FinderMain {}"), ("Shared/Net/Race.swift", "func race() {}"),
    ])
    func `a sound name is accepted`(path: String, text: String) {
        #expect(found(path, text).isEmpty)
    }
}
