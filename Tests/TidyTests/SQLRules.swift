/// Where SQL may stand and what it may not say.
///
/// A statement is told from prose by its shape, not by a word: `select ... from name`, `insert into name`, and so on.
struct SQLRules {
    private struct Rule {
        var name: String
        var pattern: String
        var reason: String
    }

    private static let rules = [
        Rule(
            name: "select_star",
            pattern: #"\b(select|returning)\s+(distinct\s+)?(\w+\.)?\*(?!\s+from\s+\(\s*values\b)"#,
            reason: "a new column would change the row; list the columns"),
        Rule(
            name: "offset", pattern: #"\boffset\s+(?!0\b)\S"#,
            reason: "OFFSET reads what it throws away and skips rows under change; use a keyset cursor"),
        Rule(
            name: "session_lock", pattern: #"\bpg_(try_)?advisory_(lock|unlock)(_shared|_all)?\s*\("#,
            reason: "a session lock does not survive transaction pooling; use pg_advisory_xact_lock or a lease"),
        Rule(
            name: "listen", pattern: #"^\s*(un)?listen\s+(\w+|\*)\s*;?\s*$"#,
            reason: "LISTEN does not survive transaction pooling; poll with a watermark"),
    ]

    private static let shapes = [
        #"^\s*\(?\s*select\b[\s\S]*?\bfrom\s+[a-z_("$]"#, #"^\s*select\s+([\d']|[a-z_.]+\s*\()"#,
        #"^\s*insert\s+into\s+[a-z_.]+\s*(\(|select|values|as\b)"#,
        #"^\s*update\s+(only\s+)?[a-z_.]+(\s+(as\s+)?\w+)?\s+set\s+\w+\s*="#, #"^\s*delete\s+from\s+[a-z_.]+"#,
        #"^\s*with\s+(recursive\s+)?\w+\s*(\([^)]*\)\s*)?as\s+((not\s+)?materialized\s*)?\("#,
        #"^\s*(create|alter|drop)\s+(or\s+replace\s+)?(unique\s+)?"#
            + #"(table|index|function|procedure|role|user|view|extension|database|type|schema|materialized)\s+\S"#,
        #"^\s*truncate\s+(table\s+)?\w+\s*;?\s*$"#, #"^\s*(grant|revoke)\s+[\w\s,]+\bon\s+[\s\S]*\b(to|from)\b"#,
        #"^\s*set\s+(local|session)\s+\w+"#, #"^\s*copy\s+\w+\s*(\(|from\b|to\b)"#, #"^\s*call\s+\w+\s*\("#,
        #"^\s*lock\s+table\s"#, #"^\s*notify\s+\w+\s*(,|;|$)"#,
    ]

    private let checks: [(rule: Rule, pattern: Pattern)]
    private let statement: Pattern

    /// Compiles the patterns.
    init() throws {
        checks = try Self.rules.map { ($0, try Pattern($0.pattern, ignoringCase: true)) }
        // `^` is the begin of the literal here: a later line of prose is no statement.
        let whole = Self.shapes.map { "(?:\($0.replacing("^", with: "\\A", maxReplacements: 1)))" }
        statement = try Pattern(whole.joined(separator: "|"), ignoringCase: true)
    }

    /// Whether a literal is a statement.
    func isStatement(_ literal: String) -> Bool { statement.matches(literal) }

    /// Whether the file at `path` is one of the two places for SQL in Swift.
    static func mayHoldSQL(_ path: String) -> Bool {
        if path.hasPrefix("Tests/") { return true }
        let name = path.split(separator: "/").last.map(String.init) ?? path
        return name.hasSuffix("Store.swift") || name.contains("Store+")
            || (name.hasPrefix("Brotr+") && name.hasSuffix(".swift"))
    }

    /// Statements in the wrong file, and statements that say what they may not.
    func violations(in source: SourceText) -> [Violation] {
        source.literals.filter { isStatement($0.text) }.flatMap { literal in
            var found = said(literal.text, path: source.path, offset: literal.line - 1)
            if !Self.mayHoldSQL(source.path) {
                let message = "SQL stands in *Store.swift and Brotr+*.swift only, where a test prepares every statement"
                found.append(.init(path: source.path, line: literal.line, rule: "sql_place", message: message))
            }
            return found
        }
    }

    /// What an SQL file says that it may not.
    func violations(path: String, sql: String) -> [Violation] {
        said(
            sql.split(separator: "\n", omittingEmptySubsequences: false).map(\.withoutComment).joined(separator: "\n"),
            path: path, offset: 0)
    }

    private func said(_ text: String, path: String, offset: Int) -> [Violation] {
        checks.flatMap { check in
            check.pattern.lines(in: text).map {
                Violation(path: path, line: $0 + offset, rule: check.rule.name, message: check.rule.reason)
            }
        }
    }
}

extension Substring {
    fileprivate var withoutComment: Substring {
        ranges(of: "--").first.map { self[..<$0.lowerBound] } ?? self
    }
}
