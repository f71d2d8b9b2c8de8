import Database
import Foundation
import Support
import Testing

@testable import Finder
@testable import Initializer
@testable import Monitor
@testable import PrioritySynchronizer

/// Every SQL constant of the code on the real schema, through PgBouncer.
@Suite(.timeLimit(.minutes(5))) struct StatementTests {
    /// All that the code knows. A service with a store of its own adds it here; the test below notices when it is not.
    private static let statements =
        Brotr.statements + FinderStore.statements + RankingStore.statements + InitializerStore.statements
        + MonitorStore.statements + PrioritySynchronizerStore.statements

    @Test func `each statement has the parameters and columns it says`() async throws {
        try await withTestDatabase { database in
            let types = try await database.pool.namedTypes()
            for statement in Self.statements {
                let found = try await database.pool.withConnection { try await $0.describe(statement) }
                #expect(
                    found.parameters == statement.parameters.map { types[$0] ?? $0.identifier },
                    "parameters of \(statement.name)")
                #expect(
                    found.columns == statement.columns.map { types[$0] ?? $0.identifier },
                    "columns of \(statement.name)")
            }
        }
    }

    @Test func `no statement of the code is left out`() throws {
        // Commands of transactions cannot be prepared.
        let known = Set(Self.statements.map(\.name)).union(["begin", "commit", "rollback"])
        let constant = /NamedStatement.\s*"(?<name>[a-z0-9_]+)"/
        var names: Set<String> = []
        for text in try Self.sources() {
            for match in text.matches(of: constant) { names.insert(String(match.name)) }
        }
        #expect(names.count >= 20, "the pattern finds nothing any more")
        #expect(names.subtracting(known).sorted() == [])
    }

    @Test func `names are used once`() {
        let repeated = Dictionary(grouping: Self.statements, by: \.name).filter { $0.value.count > 1 }
        #expect(repeated.keys.sorted() == [])
    }

    @Test func `no statement needs a session`() {
        let banned = /(?i)\b(listen|notify|prepare|pg_advisory_lock|set\s+session|declare|temp(orary)?\s+table)\b/
        for statement in Self.statements { #expect(!statement.sql.contains(banned), "\(statement.name)") }
    }

    @Test func `every function that the default settings name is there`() async throws {
        try await withTestDatabase { database in
            let missing = try await database.brotr.missingProcedures(BrotrSettings().procedures.all + ["no_such_name"])
            #expect(missing == ["no_such_name"])
        }
    }

    /// The texts of all sources that are not tests.
    private static func sources() throws -> [String] {
        let repository = try SourceFolder.repository()
        return try ["Shared", "Services"].flatMap { folder in
            let root = URL(fileURLWithPath: "\(repository)/\(folder)")
            let files = FileManager.default.enumerator(at: root, includingPropertiesForKeys: nil)
            return try (files?.allObjects ?? []).compactMap { $0 as? URL }.filter { $0.pathExtension == "swift" }
                .map { try String(contentsOf: $0, encoding: .utf8) }
        }
    }
}
