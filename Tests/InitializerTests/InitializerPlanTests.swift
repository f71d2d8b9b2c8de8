import Nostr
import Testing

@testable import Initializer

@Suite struct InitializerPlanTests {
    private static func migration(_ version: Int32, _ name: String, _ byte: UInt8 = 1) -> InitializerPlan.Migration {
        InitializerPlan.Migration(version: version, name: name, checksum: [UInt8](repeating: byte, count: 32))
    }

    private let files = [migration(1, "0001_a"), migration(2, "0002_b"), migration(3, "0003_c")]

    @Test func `migrations go by number, not by the order of the folder`() throws {
        let names = ["0010_j", "0002_b", "1_a", "003_c", "4_d", "5_e", "6_f", "7_g", "8_h", "9_i"]
        let found = try InitializerPlan.migrations(names.map { ($0, []) })
        #expect(found.map(\.name) == ["1_a", "0002_b", "003_c", "4_d", "5_e", "6_f", "7_g", "8_h", "9_i", "0010_j"])
        #expect(found.map(\.version) == Array(1...10))
    }

    @Test(arguments: ["first", "_first", "0001", "0001_", "1a_first", "99999999999_x", "-1_x", "+1_x", ""])
    func `a file without number and name is no migration`(_ name: String) {
        #expect(throws: InitializerError.badName(file: name + ".sql")) {
            try InitializerPlan.migrations([(name, [])])
        }
    }

    @Test(arguments: [
        (["0001_a", "0001_b"], "0001_b"), (["0001_a", "0003_c"], "0003_c"), (["0000_a"], "0000_a"),
        (["0002_b"], "0002_b"),
    ])
    func `a number is used once and none is left out`(_ names: [String], _ culprit: String) {
        #expect(throws: InitializerError.badNumber(file: culprit + ".sql")) {
            try InitializerPlan.migrations(names.map { ($0, []) })
        }
    }

    @Test func `an empty record means installation, whatever the files are`() throws {
        #expect(try InitializerPlan.schema(applied: [], files: files) == .install)
        #expect(try InitializerPlan.schema(applied: [], files: []) == .install)
    }

    @Test(arguments: [1, 2])
    func `only what is missing runs, in order`(_ applied: Int) throws {
        let plan = try InitializerPlan.schema(applied: Array(files.prefix(applied)), files: files)
        #expect(plan == .migrate(Array(files.dropFirst(applied))))
    }

    @Test func `a database with all migrations needs nothing`() throws {
        #expect(try InitializerPlan.schema(applied: files, files: files) == .current(version: 3))
    }

    @Test func `a changed file is named, also when there is something to do`() {
        var applied = Array(files.prefix(2))
        applied[1].checksum[31] = 0
        #expect(throws: InitializerError.checksumMismatch(file: "0002_b.sql")) {
            try InitializerPlan.schema(applied: applied, files: files)
        }
        #expect("\(InitializerError.checksumMismatch(file: "0002_b.sql"))".contains("0002_b.sql"))
    }

    @Test func `a renamed file is named with its old name`() {
        var applied = files
        applied[0].name = "0001_old"
        #expect(throws: InitializerError.renamed(file: "0001_a.sql", applied: "0001_old")) {
            try InitializerPlan.schema(applied: applied, files: files)
        }
    }

    @Test func `a migration that was passed over is never run late`() {
        #expect(throws: InitializerError.leftOut(file: "0002_b.sql", newest: 3)) {
            try InitializerPlan.schema(applied: [files[0], files[2]], files: files)
        }
    }

    @Test func `a newer database is left alone`() {
        #expect(throws: InitializerError.newer(version: 3, known: 2)) {
            try InitializerPlan.schema(applied: files, files: Array(files.prefix(2)))
        }
    }
}
