import Settings
import Testing

@Suite struct SettingsPrinterTests {
    @Test func `the printout of the defaults is complete and loads again`() throws {
        let text = SettingsPrinter.text(Sample())
        #expect(
            text.hasPrefix(
                """
                name: "sample"
                port: 5432
                ratio: 0.5
                enabled: true
                mode: "fast"
                note: null
                count: null
                limits:
                  min_size: 5
                  max_size: 20
                  body: 5 MiB
                """))
        #expect(
            text.contains(
                """
                sources:
                  - url: "https://example.org"
                    enabled: true
                    timeout: 30
                  - url: "https://example.com"
                """))
        #expect(try SettingsLoader.load(Sample.self, yaml: text) == Sample())
    }

    @Test(arguments: ["", "no", "5", "a: b # c", "\"\\\n\t\u{7f}\u{1}", "grüße 🙂", "null", "- x", "*a", "{{", " lead"])
    func `every text survives`(text: String) throws {
        var sample = Sample()
        sample.name = text
        sample.words = [text, text]
        sample.sources = []
        sample.extra = Sample.Extra(depth: 1)
        sample.limits.body = 1000
        sample.ratio = 0.1
        #expect(try SettingsLoader.load(Sample.self, yaml: SettingsPrinter.text(sample)) == sample)
    }
}
