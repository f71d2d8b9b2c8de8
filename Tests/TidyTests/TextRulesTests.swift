import Testing

/// Lines, blanks, to-dos and machine paths in every text file.
@Suite struct TextRulesTests {
    private let rules: TextRules

    init() throws { rules = try TextRules() }

    private func found(_ text: String, path: String = "Shared/Net/A.swift") -> [String] {
        rules.violations(path: path, text: text).map(\.rule)
    }

    @Test func `every text file is tidy`() throws {
        let repository = try Repository()
        // What is not UTF-8 is no text.
        let texts = repository.paths.compactMap { path in (try? repository.text(path)).map { (path, $0) } }
        #expect(texts.count > 50)
        expectNone(texts.flatMap { rules.violations(path: $0.0, text: $0.1) })
    }

    @Test(arguments: [
        ("a \n", "trailing_blank"), ("\ta\n", "tab"), ("a", "last_line"), ("// TODO: later\n", "open_task"),
        ("// FIXME(#): later\n", "open_task"), (String(repeating: "a", count: 121) + "\n", "line_length"),
        ("\(String(repeating: "<", count: 7)) HEAD\n", "merge_marker"),
        ("\(String(repeating: ">", count: 7)) other\n", "merge_marker"),
    ])
    func `a planted violation is found`(text: String, rule: String) {
        #expect(found(text) == [rule])
    }

    @Test(arguments: ["home", "Users", "root", "work", "mnt"])
    func `a folder of one machine is found`(folder: String) {
        #expect(found("let a = \"/\(folder)/somebody\"\n") == ["machine_path"])
        #expect(found("see (/\(folder)/x)\n", path: "README.md") == ["machine_path"])
    }

    @Test(arguments: [
        String(repeating: "a", count: 120) + "\n", "// TODO(#12): later\n", "let todo = \"TODO\"\n", "",
        "https://example.org/home/x\n", "a/root/b\n", "$HOME/root/x\n", "~/work/x\n",
    ])
    func `sound text is accepted`(text: String) {
        #expect(found(text).isEmpty)
    }

    @Test func `SQL may be wider, and its documentation has no width`() {
        let wide = String(repeating: "a", count: 140)
        #expect(found(wide + "\n", path: "a.sql").isEmpty)
        #expect(found(wide + "a\n", path: "a.sql") == ["line_length"])
        #expect(found("COMMENT ON \(wide)\n", path: "a.sql").isEmpty)
    }

    @Test func `a Makefile has tabs and a page has long lines`() {
        #expect(found("run:\n\tswift build\n", path: "Makefile").isEmpty)
        #expect(found(String(repeating: "a ", count: 99) + "a\n", path: "README.md").isEmpty)
    }
}
