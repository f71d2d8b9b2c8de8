import Testing

/// The scanner below every other check.
@Suite struct SourceTextTests {
    private func scan(_ text: String) -> SourceText { SourceText(path: "A.swift", text: text) }

    @Test func `every file of this repository is taken apart rightly: its brackets balance`() throws {
        for source in try Repository().sources() {
            let code = source.code.joined(separator: "\n")
            for (open, close) in [("{", "}"), ("(", ")"), ("[", "]")] as [(Character, Character)] {
                let balance = code.reduce(0) { $0 + ($1 == open ? 1 : $1 == close ? -1 : 0) }
                #expect(balance == 0, "\(source.path): \(open)\(close)")
            }
        }
    }

    @Test func `code keeps its columns when a comment is taken out`() {
        let source = scan("let a = 1 // one\nlet b = 2")
        #expect(source.code == ["let a = 1       ", "let b = 2"])
        #expect(source.comments[0].trimmed == "// one")
    }

    @Test func `block comments nest`() {
        let source = scan("a /* x /* y */ z */ b")
        #expect(source.code[0].split(separator: " ") == ["a", "b"])
    }

    @Test func `a comment mark inside a literal is no comment`() {
        let source = scan(#"let url = "wss://relay" // dial"#)
        #expect(source.literals == [.init(line: 1, text: "wss://relay")])
        #expect(source.comments[0].trimmed == "// dial")
    }

    @Test func `interpolated code is code and its literals are literals`() {
        let source = scan(#"x("a \(try! f("b")) c")"#)
        #expect(source.code[0].contains("try! f("))
        #expect(source.literals.map(\.text) == ["b", "a $ c"])
    }

    @Test(arguments: [##"#"a "quoted" \(b)"#"##, ####"###"a "quoted" \(b)"###"####])
    func `raw literals end at their own delimiter`(text: String) {
        #expect(scan(text).literals.map(\.text) == [#"a "quoted" \(b)"#])
    }

    @Test func `multi-line literals keep their lines and the line they begin on`() {
        let source = scan("let a = 1\nlet b = \"\"\"\n    select \"x\"\n    from y\n    \"\"\"\nlet c = 3")
        #expect(source.literals.count == 1)
        #expect(source.literals.first?.line == 2)
        #expect(source.literals.first?.text.contains("select \"x\"\n    from y") == true)
        #expect(source.code[5] == "let c = 3")
    }

    @Test func `an unterminated literal ends with its line`() {
        let source = scan("let a = \"open\nlet b = try! c")
        #expect(source.code[1] == "let b = try! c")
    }

    @Test func `an escaped quote does not end a literal`() {
        let source = scan(#"let a = "x\"y"; let b = 1"#)
        #expect(source.code[0].hasSuffix("; let b = 1"))
    }

    @Test func `the reason of a line is the comment above it, through attributes`() {
        let source = scan("let z = 0\n// Why this is safe.\n@available\nlet a = 1\n\nlet b = 2")
        #expect(source.reason(at: 4) == "// Why this is safe.")
        #expect(source.reason(at: 6).isEmpty)
    }
}
