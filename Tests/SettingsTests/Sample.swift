import Settings

/// A file of settings with everything the loader has to handle.
struct Sample: SettingsSection {
    enum Mode: String, Codable, CaseIterable { case fast, careful }

    struct Limits: SettingsSection {
        var minSize = 5
        var maxSize = 20
        var body: ByteCount = .mebibytes(5)

        func validate(into problems: inout Validation) {
            problems.check("min_size", minSize, in: 1...100)
            problems.check("max_size", maxSize, in: 1...100)
            problems.require(
                minSize <= maxSize, "min_size", given: "\(minSize)", allowed: "at most max_size (\(maxSize))")
        }
    }

    struct Source: SettingsSection {
        var url = "https://example.org"
        var enabled = true
        var timeout: Seconds = 30

        func validate(into problems: inout Validation) { problems.check("timeout", timeout, in: 1...60) }
    }

    struct Extra: SettingsSection {
        var depth = 7
    }

    var name = "sample"
    var port: UInt16 = 5432
    var ratio = 0.5
    var enabled = true
    var mode = Mode.fast
    var note: String?
    var count: Int?
    var limits = Limits()
    var narrow = Limits(minSize: 1, maxSize: 2)
    var retry = RetrySettings()
    var sources = [Source(), Source(url: "https://example.com")]
    var words: [String] = ["one"]
    var extra: Extra?
}

extension Sample.Limits {
    init(minSize: Int, maxSize: Int) {
        self.init()
        self.minSize = minSize
        self.maxSize = maxSize
    }
}

extension Sample.Source {
    init(url: String) {
        self.init()
        self.url = url
    }
}

/// The problems of a text, one line each; empty when it loads.
func problems(
    _ yaml: String, _ environment: [String: String] = [:], _ bindings: [EnvironmentBinding] = []
) -> [String] {
    do {
        _ = try SettingsLoader.load(
            Sample.self, yaml: yaml, source: "f.yaml", environment: Environment(environment), bindings: bindings)
        return []
    } catch { return error.problems.map(\.description) }
}
