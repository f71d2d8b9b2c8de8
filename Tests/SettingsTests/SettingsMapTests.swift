import Settings
import Testing

@Suite struct SettingsMapTests {
    private struct Section: SettingsSection {
        var names = SettingsMap<[String]>()
        var numbers = SettingsMap<Int>(["one": 1])
    }

    private func load(_ yaml: String) throws(SettingsError) -> Section {
        try SettingsLoader.load(Section.self, yaml: yaml, source: "f")
    }

    @Test func `keys are taken as they are spelt`() throws {
        let section = try load("names: { e: [x], E: [u, v], someName: [] }")
        #expect(section.names.entries == ["e": ["x"], "E": ["u", "v"], "someName": []])
        #expect(section.names.keys == ["E", "e", "someName"])
        #expect(section.numbers.entries == ["one": 1])
    }

    @Test func `a given map takes the place of the default`() throws {
        #expect(try load("numbers: { two: 2 }").numbers.entries == ["two": 2])
        #expect(try load("numbers: {}").numbers.entries == [:])
    }

    @Test(arguments: [
        ("names: [x]", "names: given a list, allowed a group of keys"),
        ("names: { e: 5 }", "names.e: given 5, allowed a list"),
        ("numbers: { a: b }", "numbers.a: given b, allowed a whole number"),
    ])
    func `what is wrong is named`(yaml: String, problem: String) {
        let error = #expect(throws: SettingsError.self) { try load(yaml) }
        #expect(error?.problems.map(\.description) == ["f:1: " + problem])
    }
}
