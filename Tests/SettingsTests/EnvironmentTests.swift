import Settings
import Testing

@Suite struct EnvironmentTests {
    private let bindings = [
        EnvironmentBinding("DB_PORT", "port"), EnvironmentBinding("DB_MAX", "limits.max_size"),
        EnvironmentBinding("DB_NAME", "name"), EnvironmentBinding("DEPTH", "extra.depth"),
    ]

    private func load(_ yaml: String, _ variables: [String: String]) throws -> Sample {
        try SettingsLoader.load(Sample.self, yaml: yaml, environment: Environment(variables), bindings: bindings)
    }

    @Test func `a variable wins over the file and over the default`() throws {
        #expect(try load("port: 1", ["DB_PORT": "2"]).port == 2)
        #expect(try load("", ["DB_MAX": "9"]).limits.maxSize == 9)
        #expect(try load("limits:", ["DB_MAX": "9"]).limits.maxSize == 9)
        #expect(try load("", ["DEPTH": "3"]).extra == Sample.Extra(depth: 3))
    }

    @Test func `a variable is text, so a name may look like a number`() throws {
        #expect(try load("", ["DB_NAME": "123"]).name == "123")
        #expect(try load("", ["DB_NAME": "yes"]).name == "yes")
    }

    @Test func `an empty variable is an absent one`() throws {
        #expect(try load("port: 1", ["DB_PORT": ""]).port == 1)
        #expect(Environment(["A": ""])["A"] == nil)
    }

    @Test(arguments: ["abc", "-1", "65536", "5432 ", "0x1"])
    func `a variable of the wrong type is named`(text: String) {
        #expect(
            problems("", ["DB_PORT": text], bindings)
                == ["environment: DB_PORT: given \(text), allowed a whole number"])
    }

    @Test func `a variable out of range is named, and the problems of the file come too`() {
        #expect(
            problems("port: x", ["DB_MAX": "101"], bindings) == [
                "f.yaml:1: port: given x, allowed a whole number",
                "environment: DB_MAX: given 101, allowed 1 to 100",
            ])
    }

    @Test func `a variable does not hide a group that is no group`() {
        #expect(
            problems("limits: 5", ["DB_MAX": "9"], bindings)
                == ["f.yaml:1: limits: given 5, allowed a group of keys"])
    }

    @Test func `a variable can stand for another value than its own`() throws {
        let bindings = [EnvironmentBinding("DB_NAME", "port", value: "7"), EnvironmentBinding("DB_NAME", "name")]
        let file = try SettingsLoader.load(
            Sample.self, yaml: "port: 5", environment: Environment(["DB_NAME": "x"]), bindings: bindings)
        #expect(file.port == 7 && file.name == "x")
        let without = try SettingsLoader.load(
            Sample.self, yaml: "port: 5", environment: Environment(["DB_NAME": ""]), bindings: bindings)
        #expect(without.port == 5)
    }

    @Test func `a missing secret is named, a present one prints as dots`() throws {
        let environment = Environment(["DB_PASSWORD": "hunter2"])
        let secret = try environment.requiredSecret("DB_PASSWORD")
        #expect(secret.withExposed { $0 } == "hunter2")
        for text in ["\(secret)", String(reflecting: secret), "\([secret])", "\((secret, 1))"] {
            #expect(!text.contains("hunter2"))
        }
        var dumped = ""
        dump(["x": secret], to: &dumped)
        #expect(!dumped.contains("hunter2"))
        let error = #expect(throws: SettingsError.self) { try environment.requiredSecret("NOSTR_PRIVATE_KEY") }
        #expect(
            error?.description
                == "environment: NOSTR_PRIVATE_KEY: given nothing, allowed a value in the environment of the process")
    }
}
