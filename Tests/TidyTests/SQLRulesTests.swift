import Testing

/// SQL in its two places, and what it may not say.
@Suite struct SQLRulesTests {
    private let rules: SQLRules

    init() throws { rules = try SQLRules() }

    private func found(_ literal: String, path: String = "Shared/Net/A.swift") -> [String] {
        rules.violations(in: SourceText(path: path, text: "let a = \"\"\"\n\(literal)\n\"\"\"")).map(\.rule)
    }

    @Test func `SQL stands in the two places and says what it may`() throws {
        let repository = try Repository()
        expectNone(try repository.sources(under: ["Shared", "Services"]).flatMap(rules.violations))
        let files = try repository.texts(repository.paths.filter { $0.hasSuffix(".sql") })
        expectNone(files.flatMap { rules.violations(path: $0.path, sql: $0.text) })
    }

    @Test(arguments: [
        "select id from events", "SELECT 1", "select known_events($1, $2)",
        "insert into relays (relay_url) values ($1)", "create table a (b int)",
        "update relay_sync set owner = $1", "update relay_sync s set owner = $1", "delete from stat_queue",
        "with c as (select 1) select a from c", "with c as materialized (select 1) select a from c",
        "drop role x", "alter role x set statement_timeout = 1", "truncate events", "set local statement_timeout = 1",
        "grant select on events to bigbrotr_reader", "copy events from stdin", "call fold()", "  \n select a\n from b",
    ])
    func `a statement is known by its shape`(text: String) {
        #expect(rules.isStatement(text))
        #expect(found(text) == ["sql_place"])
        #expect(found(text, path: "Services/Finder/FinderStore.swift").isEmpty)
        #expect(found(text, path: "Shared/Database/Brotr+Sync.swift").isEmpty)
    }

    @Test(arguments: [
        "Select the relays to archive.", "update of the frontier failed", "insert", "with retry",
        "with relays as given",
        "created the login", "Delete what is no longer needed", "set by the operator", "drop", "call it a day", "grant",
        "a page; select id from events is how one reads it",
    ])
    func `prose is no statement`(text: String) {
        #expect(!rules.isStatement(text))
        #expect(found(text).isEmpty)
    }

    @Test(arguments: [
        ("select * from events", "select_star"), ("select e.* from events e", "select_star"),
        ("delete from a returning *", "select_star"), ("select a from b limit 1 offset 10", "offset"),
        ("select a from b limit 1 offset $1", "offset"), ("select pg_advisory_lock(1)", "session_lock"),
        ("select pg_try_advisory_lock(1)", "session_lock"),
    ])
    func `what a statement may not say is found everywhere`(text: String, rule: String) {
        #expect(found(text, path: "Shared/Database/Brotr+Sync.swift") == [rule])
        #expect(rules.violations(path: "postgres/init/a.sql", sql: "\n\(text);").map(\.line) == [2])
    }

    @Test func `LISTEN is found in an SQL file`() {
        #expect(rules.violations(path: "a.sql", sql: "listen events;").map(\.rule) == ["listen"])
    }

    @Test(arguments: [
        "select count(*) from events", "select a from b offset 0", "select pg_advisory_xact_lock(1)",
        "select * from (values (1, 2)) v (a, b)",
        "select a * b from c", "select a from b -- never select * from c",
    ])
    func `what a statement may say is accepted`(text: String) {
        #expect(rules.violations(path: "a.sql", sql: text).isEmpty)
    }

    @Test func `tests write SQL where they like`() {
        #expect(SQLRules.mayHoldSQL("Tests/StoreTests/A.swift"))
        #expect(!SQLRules.mayHoldSQL("Shared/Database/Pool.swift"))
        #expect(!SQLRules.mayHoldSQL("Services/Finder/Restore.swift"))
    }
}
