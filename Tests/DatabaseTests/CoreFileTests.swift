import Settings
import Support
import Testing

@testable import Database

/// Pool and Brotr made from files in the shape of core/brotr.yaml.
@Suite struct CoreFileTests {
    private let logger = LogLines().logger()
    private let text = """
        pool: { database: { host: a, port: 7 }, limits: { max_size: 9 } }
        batch: { max_batch_size: 8 }
        timeouts: { query: 6 }
        networks: { local: { enabled: true } }
        health: { port: 9 }
        """

    @Test func `each reads its own sections, and variables win`() throws {
        let folder = try TemporaryFolder()
        let file = try folder.write(text, to: "brotr.yaml")
        let environment = Environment(["DB_HOST": "b"])
        let brotr = try Brotr(file: file, environment: environment, password: nil, logger: logger)
        #expect(brotr.settings.pool.database.host == "b" && brotr.settings.pool.database.port == 7)
        #expect(brotr.settings.batch.maxBatchSize == 8)
        #expect(brotr.pool.settings == brotr.settings.pool)
        #expect(brotr.pool.statementTimeout == .seconds(6))
        let pool = try Pool(file: file, environment: environment, password: nil, logger: logger)
        #expect(pool.settings == brotr.settings.pool)
    }

    @Test func `the shipped file is read whole`() throws {
        let root = #filePath.split(separator: "/").dropLast(3).joined(separator: "/")
        let file = "/\(root)/deploy/bigbrotr/yaml/core/brotr.yaml"
        #expect(try Brotr(file: file, password: nil, logger: logger).settings.pool.database.port == 6432)
        #expect(try Pool(file: file, password: nil, logger: logger).settings.database.port == 6432)
    }

    @Test func `what is wrong is named, a section that nobody has too`() throws {
        let folder = try TemporaryFolder()
        let file = try folder.write("poool: {}\npool: { limits: { max_size: 0 } }\n", to: "brotr.yaml")
        for make in [
            { try Brotr(file: file, password: nil, logger: logger).pool },
            { try Pool(file: file, password: nil, logger: logger) },
        ] as [() throws -> Pool] {
            let error = #expect(throws: SettingsError.self) { try make() }
            #expect(error?.problems.map(\.kind).contains(.unknownKey) == true)
            #expect(error?.problems.first?.line == 1)
        }
    }
}
