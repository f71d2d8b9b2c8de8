import Settings
import Testing

private let allKeys = "name, port, ratio, enabled, mode, note, count, limits, narrow, retry, sources, words, extra"
private let aText = "a text (in quotes where it looks like something else)"

@Suite struct SettingsLoaderTests {
    @Test(arguments: ["", "\n", "# only a comment\n", "---\n", "limits:\n", "limits: {}\n", "note: null\n"])
    func `a file that says nothing gives the defaults`(yaml: String) throws {
        #expect(try SettingsLoader.load(Sample.self, yaml: yaml) == Sample())
    }

    @Test func `sections that are somebody else's are not looked at, all others are`() throws {
        let yaml = "theirs: { name: 1 }\nname: mine\n"
        #expect(try SettingsLoader.load(Sample.self, yaml: yaml, leftOut: ["theirs"]).name == "mine")
        #expect(throws: SettingsError.self) { try SettingsLoader.load(Sample.self, yaml: yaml, leftOut: ["other"]) }
        #expect(try SettingsLoader.load(Sample.self, yaml: "", leftOut: ["theirs"]) == Sample())
    }

    @Test func `given keys are laid over the defaults at every depth`() throws {
        let yaml = """
            name: "other"
            port: 6432
            ratio: 2
            enabled: false
            mode: careful
            note: hello
            count: 3
            limits: { max_size: 50, body: 64 KiB }
            narrow: { max_size: 9 }
            retry: { initial_delay: 0.25 }
            sources:
              - url: https://a.example
              - { enabled: false }
            words: []
            extra: { depth: 8 }
            """
        let sample = try SettingsLoader.load(Sample.self, yaml: yaml)
        var expected = Sample()
        expected.name = "other"
        expected.port = 6432
        expected.ratio = 2
        expected.enabled = false
        expected.mode = .careful
        expected.note = "hello"
        expected.count = 3
        expected.limits.maxSize = 50
        expected.limits.body = .kibibytes(64)
        expected.narrow.maxSize = 9
        expected.retry.initialDelay = 0.25
        expected.sources = [Sample.Source(url: "https://a.example"), Sample.Source()]
        expected.sources[1].enabled = false
        expected.words = []
        expected.extra = Sample.Extra(depth: 8)
        #expect(sample == expected)
    }

    @Test(arguments: [
        ("nmae: x", "f.yaml:1: nmae: given an unknown key, allowed one of the keys \(allKeys)"),
        (
            "limits:\n  size: 1",
            "f.yaml:2: limits.size: given an unknown key, allowed one of the keys min_size, max_size, body"
        ),
        (
            "sources:\n  - uri: x",
            "f.yaml:2: sources[0].uri: given an unknown key, allowed one of the keys url, enabled, timeout"
        ),
        ("extra: { deep: 1 }", "f.yaml:1: extra.deep: given an unknown key, allowed one of the keys depth"),
        ("limits: 5", "f.yaml:1: limits: given 5, allowed a group of keys"),
        ("limits: [1]", "f.yaml:1: limits: given a list, allowed a group of keys"),
        ("sources: { url: x }", "f.yaml:1: sources: given a group of keys, allowed a list"),
        ("sources:", "f.yaml:1: sources: given nothing, allowed a list"),
        ("sources:\n- 5", "f.yaml:2: sources[0]: given 5, allowed a group of keys"),
        ("words: [1]", "f.yaml:1: words[0]: given 1, allowed \(aText)"),
        ("port: abc", "f.yaml:1: port: given abc, allowed a whole number"),
        ("port: \"5432\"", "f.yaml:1: port: given \"5432\", allowed a whole number"),
        ("port: 70000", "f.yaml:1: port: given 70000, allowed a whole number"),
        ("port: 1:30", "f.yaml:1: port: given 1:30, allowed a whole number"),
        ("port: 0x10", "f.yaml:1: port: given 0x10, allowed a whole number"),
        ("port: 5.0", "f.yaml:1: port: given 5.0, allowed a whole number"),
        ("port:", "f.yaml:1: port: given nothing, allowed a whole number"),
        ("ratio: .inf", "f.yaml:1: ratio: given .inf, allowed a number"),
        ("ratio: 1e400", "f.yaml:1: ratio: given 1e400, allowed a number"),
        ("enabled: yes", "f.yaml:1: enabled: given yes, allowed true or false"),
        ("enabled: 1", "f.yaml:1: enabled: given 1, allowed true or false"),
        ("mode: slow", "f.yaml:1: mode: given slow, allowed one of fast, careful"),
        ("name: 5", "f.yaml:1: name: given 5, allowed \(aText)"),
        ("name: no", "f.yaml:1: name: given no, allowed \(aText)"),
        ("note: [a]", "f.yaml:1: note: given a list, allowed \(aText)"),
        (
            "retry: { max_delay: -1 }",
            "f.yaml:1: retry.max_delay: given -1, allowed a number of seconds, 0 to 1000000000"
        ),
        (
            "limits: { body: 5 MB }",
            "f.yaml:1: limits.body: given 5 MB, allowed a number of bytes, alone or with KiB, MiB or GiB"
        ),
        ("limits:\n  min_size: 0", "f.yaml:2: limits.min_size: given 0, allowed 1 to 100"),
        ("limits:\n  min_size: 30", "f.yaml:2: limits.min_size: given 30, allowed at most max_size (20)"),
        ("\nlimits:\n  max_size: 3", "f.yaml:3: limits.min_size: given 5, allowed at most max_size (3)"),
        ("sources:\n- timeout: 1\n- timeout: 61", "f.yaml:3: sources[1].timeout: given 61, allowed 1 to 60"),
        ("a: 1\n---\nb: 2", "f.yaml:2: given but found another document, allowed one document of valid YAML"),
        ("name: !!binary aGk=", "f.yaml:1: given the tag tag:yaml.org,2002:binary, allowed values without tags"),
        ("? [a]\n: 1", "f.yaml:1: given a key that is no short text, allowed keys of letters"),
        ("name: x\nport: 1\nname: y", "f.yaml:1: name: given twice in one group, allowed each key once"),
        ("- a", "f.yaml:1: given a list, allowed a group of keys"),
        ("<<: { name: x }", "f.yaml:1: <<: given an unknown key, allowed one of the keys \(allKeys)"),
    ])
    func `one mistake gives one line with file, line, key, given and allowed`(yaml: String, line: String) {
        #expect(problems(yaml) == [line])
    }

    @Test func `every mistake of a file is reported, in the order of the file`() {
        let yaml = """
            port: abc
            note: 5
            limits:
              min_size: 0
            sources:
              - timeout: soon
                uri: x
              - timeout: 99
            words: [1, 2]
            enabled: on
            """
        let lines = problems(yaml)
        #expect(
            lines.map { $0.split(separator: " ")[0] + " " + $0.split(separator: " ")[1] } == [
                "f.yaml:1: port:", "f.yaml:2: note:", "f.yaml:4: limits.min_size:", "f.yaml:6: sources[0].timeout:",
                "f.yaml:7: sources[0].uri:", "f.yaml:8: sources[1].timeout:", "f.yaml:9: words[0]:",
                "f.yaml:9: words[1]:", "f.yaml:10: enabled:",
            ])
    }

    @Test func `broken YAML names the line`() {
        let lines = problems("name: x\nlimits: [1, 2\nport: 5\n")
        #expect(lines.count == 1)
        #expect(lines[0].hasPrefix("f.yaml:3: given "))
    }

    @Test func `aliases carry their values`() throws {
        let sample = try SettingsLoader.load(
            Sample.self, yaml: "limits: &a { min_size: 1, max_size: 3 }\nnarrow: *a\n")
        #expect(sample.narrow == sample.limits)
        #expect(sample.narrow.maxSize == 3)
    }

    @Test func `aliases of aliases cannot multiply`() {
        var yaml = "words: &a0 [x, x, x, x, x, x, x, x, x, x]\n"
        for level in 1...9 {
            yaml +=
                "b\(level): &a\(level) [" + Array(repeating: "*a\(level - 1)", count: 10).joined(separator: ", ")
                + "]\n"
        }
        #expect(problems(yaml).contains { $0.contains("more than 10000 values or 16 levels") })
    }

    @Test(arguments: [17, 900, 5000, 100_000])
    func `deep nesting is refused`(depth: Int) {
        let yaml = "words: " + String(repeating: "[", count: depth) + String(repeating: "]", count: depth)
        #expect(problems(yaml).count == 1)
    }

    @Test func `a dictionary loads like a file`() throws {
        let sample = try SettingsLoader.load(
            Sample.self, dictionary: ["limits": ["max_size": 7], "mode": "careful", "ratio": 0.25, "words": ["5"]])
        #expect(sample.limits.maxSize == 7)
        #expect(sample.mode == .careful)
        #expect(sample.ratio == 0.25)
        #expect(sample.words == ["5"])
        #expect(throws: SettingsError.self) { try SettingsLoader.load(Sample.self, dictionary: ["port": "5"]) }
    }

    @Test func `settings made directly are checked by the same rules`() throws {
        var sample = Sample()
        try SettingsLoader.check(sample)
        sample.limits.minSize = 21
        let error = #expect(throws: SettingsError.self) { try SettingsLoader.check(sample, source: "code") }
        #expect(error?.description == "code: limits.min_size: given 21, allowed at most max_size (20)")
        #expect(error?.kind == "contradiction")
    }
}
