import Database
import Foundation
import Logging
import Settings
import Testing

@testable import ServiceKit

@Suite struct ServiceStartTests {
    private let folder = NSTemporaryDirectory() + "start-\(UUID().uuidString)"

    private func file(_ name: String, _ text: String) throws -> String {
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        try text.write(toFile: "\(folder)/\(name)", atomically: false, encoding: .utf8)
        return "\(folder)/\(name)"
    }

    private func start(
        core: String = "", service: String = "", _ environment: [String: String] = ["DB_PASSWORD": "hunter2"],
        _ more: [String] = []
    ) throws -> ServiceStart<TrialService> {
        let arguments = ["--core-config", try file("core.yaml", core), "--config", try file("service.yaml", service)]
        return ServiceStart(arguments: arguments + more, environment: Environment(environment))
    }

    private func launched(_ start: ServiceStart<TrialService>) -> ServiceLaunch<TrialService.Config>? {
        if case .launch(let launch) = start { return launch }
        return nil
    }

    private func reported(_ start: ServiceStart<TrialService>) -> ExitReport? {
        if case .exit(let report) = start { return report }
        return nil
    }

    @Test func `empty files are the defaults`() throws {
        let launch = try #require(try launched(start()))
        #expect(launch.core == CoreSettings())
        #expect(launch.config == TrialService.Config())
        #expect(launch.password.withExposed { $0 } == "hunter2")
        #expect(launch.logLevel == .info)
        #expect(launch.health.port == 0)
    }

    @Test func `variables win over the file`() throws {
        let launch = try #require(
            try launched(
                start(
                    core: "pool:\n  database: { host: a, port: 1, database: b, user: c }\n",
                    [
                        "DB_PASSWORD": "x", "DB_HOST": "h", "DB_PORT": "7", "DB_NAME": "n", "DB_USER": "u",
                        "SOCKS5_PROXY_URL": "socks5://tor:9050",
                    ])))
        let database = launch.core.pool.database
        #expect(database.host == "h" && database.port == 7 && database.database == "n" && database.user == "u")
        #expect(launch.core.networks.tor.proxy == "socks5://tor:9050")
    }

    @Test(arguments: ["", "networks: { tor: { enabled: false, timeout: 7 } }\n"])
    func `a proxy in the environment is enough for onion relays, whatever the file says`(core: String) throws {
        func tor(_ proxy: String) throws -> NetworkSettings {
            let variables = ["DB_PASSWORD": "x", "SOCKS5_PROXY_URL": proxy]
            return try #require(try launched(start(core: core, variables))).core.networks.tor
        }
        #expect(try tor("socks5h://tor:9050").enabled)
        #expect(try tor("socks5h://tor:9050").timeout == (core.isEmpty ? 30 : 7))
        #expect(try !tor("").enabled)
    }

    @Test func `a proxy in the environment that is none is named once`() throws {
        let report = try #require(try reported(start(["DB_PASSWORD": "x", "SOCKS5_PROXY_URL": "tor:9050"])))
        #expect(report.status == .configuration)
        #expect(report.errors.split(separator: "\n").count == 1 && report.errors.contains("SOCKS5_PROXY_URL"))
    }

    @Test func `a missing password ends with 78 and names the variable`() throws {
        for variables in [[:], ["DB_PASSWORD": ""]] {
            #expect(
                try reported(start(variables))
                    == ExitReport(
                        status: .configuration,
                        errors:
                            "environment: DB_PASSWORD: given nothing, "
                            + "allowed a value in the environment of the process\n"
                    ))
        }
    }

    @Test func `a port that is no number ends with 78 and names the variable`() throws {
        #expect(
            try reported(start(["DB_PASSWORD": "x", "DB_PORT": "abc"]))
                == ExitReport(
                    status: .configuration, errors: "environment: DB_PORT: given abc, allowed a whole number\n"))
        #expect(
            try reported(start(["DB_PASSWORD": "x", "DB_PORT": "70000"]))
                == ExitReport(
                    status: .configuration, errors: "environment: DB_PORT: given 70000, allowed 1 to 65535\n"))
    }

    @Test func `problems of both files and of the environment come together, one line each`() throws {
        let report = try #require(
            try reported(
                start(
                    core: "pool:\n  limits:\n    min_sise: 3\nshutdown: { grace: 0 }\n",
                    service: "interval: soon\nsigns: true\n", [:])))
        #expect(report.status == .configuration)
        #expect(report.output.isEmpty)
        let lines = report.errors.split(separator: "\n").map { $0.replacingOccurrences(of: folder + "/", with: "") }
        #expect(
            lines == [
                "core.yaml:3: pool.limits.min_sise: given an unknown key, allowed one of the keys min_size, max_size, "
                    + "max_queries, max_inactive_connection_lifetime",
                "core.yaml:4: shutdown.grace: given 0, allowed 0.5 to 300",
                "service.yaml:1: interval: given soon, allowed a number of seconds, 0 to 1000000000",
                "environment: DB_PASSWORD: given nothing, allowed a value in the environment of the process",
            ])
    }

    @Test func `a file that does not exist ends with 78 and is named`() {
        let start = ServiceStart<TrialService>(
            arguments: ["--config", "/nowhere/a", "--core-config", "/nowhere/b"],
            environment: Environment(["DB_PASSWORD": "x"]))
        #expect(reported(start)?.status == .configuration)
        #expect(
            reported(start)?.errors == """
                /nowhere/b: given a file that does not exist, allowed a readable file
                /nowhere/a: given a file that does not exist, allowed a readable file

                """)
    }

    @Test func `settings that sign need a key, and a key must be one`() throws {
        let missing = try reported(start(service: "signs: true"))
        #expect(
            missing?.errors
                == "environment: NOSTR_PRIVATE_KEY: given nothing, allowed a value in the environment of the process\n")
        let key = String(repeating: "0123456789abcdef", count: 4)
        let nsec = "nsec1vl029mgpspedva04g90vltkh6fvh240zqtv9k0t9af8935ke9laqsnlfe5"
        for good in [key, key.uppercased(), nsec, nsec.uppercased()] {
            #expect(
                try launched(start(service: "signs: true", ["DB_PASSWORD": "x", "NOSTR_PRIVATE_KEY": good])) != nil)
        }
        let wrongChecksum = nsec.dropLast() + "4"
        let zero = String(repeating: "0", count: 64)
        for bad in ["hunter2", zero, key + "0", "nsec1short", String(wrongChecksum), "npub1" + nsec.dropFirst(5)] {
            let report = try #require(try reported(start(["DB_PASSWORD": "x", "NOSTR_PRIVATE_KEY": bad])))
            #expect(report.status == .configuration)
            #expect(report.errors.hasPrefix("environment: NOSTR_PRIVATE_KEY: given \(bad.utf8.count) bytes"))
            #expect(!report.errors.contains(bad))
            let environment = ["DB_PASSWORD": "x", "NOSTR_PRIVATE_KEY": bad]
            let checked = try #require(try reported(start(environment, ["--check-config"])))
            #expect(checked.status == .configuration && checked.errors == report.errors && checked.output.isEmpty)
        }
    }

    @Test func `the effective configuration loads again to the same values, without secrets`() throws {
        let key = String(repeating: "0123456789abcdef", count: 4)
        let report = try #require(
            try reported(
                start(
                    core: "pool: { limits: { max_size: 7 } }\nlogging: { level: debug }",
                    service: "interval: 0.5\nhealth: { port: 9 }",
                    [
                        "DB_PASSWORD": "hunter2", "DB_NAME": "123", "NOSTR_PRIVATE_KEY": key,
                        "SOCKS5_PROXY_URL": "socks5://me:hunter2@tor:9050",
                    ],
                    ["--check-config"])))
        #expect(report.status == .success)
        #expect(report.errors.isEmpty)
        #expect(!report.output.contains("hunter2") && !report.output.contains(key))
        #expect(report.output.contains("# DB_PASSWORD: ••••••••\n"))
        let documents = report.output.components(separatedBy: "\n---\n")
        try #require(documents.count == 2)
        let core = try SettingsLoader.load(CoreSettings.self, yaml: documents[0])
        var expected = CoreSettings()
        expected.pool.limits.maxSize = 7
        expected.pool.database.database = "123"
        expected.logging.level = LogLevel(.debug)
        expected.networks.tor.enabled = true
        expected.networks.tor.proxy = "socks5://••••••••:••••••••@tor:9050"
        #expect(core == expected)
        let config = try SettingsLoader.load(TrialService.Config.self, yaml: documents[1])
        #expect(config.interval == 0.5)
        #expect(config.health?.port == 9)
    }

    @Test func `checking a configuration needs no secrets, but finds every mistake`() throws {
        #expect(try reported(start([:], ["--check-config"]))?.status == .success)
        #expect(try reported(start([:], ["--check-config"]))?.output.contains("# DB_PASSWORD: not set\n") == true)
        #expect(try reported(start(core: "x: 1", [:], ["--check-config"]))?.status == .configuration)
    }

    @Test func `the level of the argument wins, then the service's, then the core's`() throws {
        #expect(try launched(start(core: "logging: { level: ERROR }"))?.logLevel == LogLevel(.error))
        #expect(
            try launched(start(core: "logging: { level: \"error\" }", ["DB_PASSWORD": "x"], ["--log-level", "TRACE"]))?
                .logLevel == LogLevel(.trace))
    }

    @Test func `the service's health port wins, what it leaves out is the core's`() throws {
        let launch = try #require(
            try launched(
                start(
                    core: "health: { host: 0.0.0.0, port: 1, failure_limit: 5 }", service: "health: { port: 2 }")))
        #expect(launch.health.host == "0.0.0.0")
        #expect(launch.health.port == 2)
        #expect(launch.health.failureLimit == 5)
    }

    @Test(arguments: [
        ("deploy/bigbrotr/yaml/services/finder.yaml", "deploy/bigbrotr"), ("yaml/services/f.yaml", "."),
        ("/yaml/services/f.yaml", "/"), ("/a/f.yaml", "/a"), ("f.yaml", "."), ("/f.yaml", "/"),
        ("a/services/f.yaml", "a/services"),
    ])
    func `relative paths start from the folder that holds yaml`(config: String, folder: String) {
        #expect(InstanceFolder.of(configFile: config) == folder)
        #expect(InstanceFolder.path("/x", below: folder) == "/x")
        #expect(InstanceFolder.path("x", below: folder) == (folder == "/" ? "/x" : folder + "/x"))
    }
}
