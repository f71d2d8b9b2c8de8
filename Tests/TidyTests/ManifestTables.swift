/// The constants of a manifest as values: strings, lists, rows, dictionaries and sums of lists.
struct ManifestTables {
    /// A value of the small part of Swift in which the tables are written.
    indirect enum Value: Equatable {
        case string(String)
        case name(String)
        case list([Value])
        case row([Value])
        case pair(String, Value)
        case sum(Value, Value)
    }

    private let source: SourceText
    private let text: String

    /// Keeps the text without its comments.
    init(text: String) {
        source = SourceText(path: "Package.swift", text: text)
        let lines = zip(source.lines, source.comments).map { line, comment in
            comment.trimmed.isEmpty ? line : String(line.dropLast(comment.drop { $0 == " " }.count))
        }
        self.text = lines.joined(separator: "\n")
    }

    /// The rows of the table `name`.
    func rows(_ name: String) throws -> [[Value]] {
        guard case .list(let items) = try value(name) else { throw ManifestError(table: name) }
        return try items.map { item in
            guard case .row(let fields) = item else { throw ManifestError(table: name) }
            return fields
        }
    }

    /// The names held by the constant `name`.
    func names(_ name: String) throws -> [String] { try flatten(try value(name), table: name) }

    /// The names in field `index` of a row.
    func names(_ row: [Value], _ index: Int) throws -> [String] {
        guard row.indices.contains(index) else { throw ManifestError(table: "row of \(row.count) fields") }
        return try flatten(row[index], table: "row")
    }

    /// The string in field `index` of a row; a constant is looked up.
    func string(_ row: [Value], _ index: Int) throws -> String {
        guard row.indices.contains(index) else { throw ManifestError(table: "row of \(row.count) fields") }
        if case .name(let constant) = row[index], case .string(let text) = try value(constant) { return text }
        guard case .string(let text) = row[index] else { throw ManifestError(table: "row") }
        return text
    }

    /// A dictionary of lists.
    func dictionary(_ name: String) throws -> [String: [String]] {
        guard case .list(let items) = try value(name) else { throw ManifestError(table: name) }
        var result: [String: [String]] = [:]
        for item in items {
            guard case .pair(let key, let list) = item else { throw ManifestError(table: name) }
            result[key] = try flatten(list, table: name)
        }
        return result
    }

    private func flatten(_ value: Value, table: String) throws -> [String] {
        switch value {
        case .list(let items): return try items.flatMap { try flatten($0, table: table) }
        case .sum(let left, let right): return try flatten(left, table: table) + flatten(right, table: table)
        case .string(let text): return [text]
        case .name(let constant): return try names(constant)
        case .row, .pair: throw ManifestError(table: table)
        }
    }

    private func value(_ name: String) throws -> Value {
        for opening in ["let \(name) =", "let \(name):"] {
            guard let start = text.ranges(of: opening).first?.upperBound else { continue }
            let rest = opening.hasSuffix("=") ? text[start...] : text[start...].afterTypeAnnotation
            var parser = ValueParser(rest)
            if let value = parser.expression() { return value }
        }
        throw ManifestError(table: name)
    }
}

extension Substring {
    /// What follows the `=` of a declaration, with which no bracket of its type is open any more.
    fileprivate var afterTypeAnnotation: Substring {
        guard let equals = firstIndex(of: "=") else { return "" }
        return self[index(after: equals)...]
    }
}

/// Recursive descent over one constant's initial value.
private struct ValueParser {
    private var rest: Substring

    init(_ text: Substring) { rest = text }

    mutating func expression() -> ManifestTables.Value? {
        guard let left = term() else { return nil }
        guard take("+") else { return left }
        guard let right = expression() else { return nil }
        return .sum(left, right)
    }

    private mutating func term() -> ManifestTables.Value? {
        if take("[") { return elements(until: "]").map { .list($0) } }
        if take("(") { return elements(until: ")").map { .row($0) } }
        if take("\"") { return quoted() }
        let word = rest.prefix { $0.isLetter || $0.isNumber || $0 == "_" }
        guard !word.isEmpty else { return nil }
        rest = rest.dropFirst(word.count)
        return .name(String(word))
    }

    private mutating func quoted() -> ManifestTables.Value? {
        guard let end = rest.firstIndex(of: "\"") else { return nil }
        let text = String(rest[..<end])
        rest = rest[rest.index(after: end)...]
        return .string(text)
    }

    private mutating func elements(until close: Character) -> [ManifestTables.Value]? {
        var items: [ManifestTables.Value] = []
        while !take(close) {
            guard let item = element() else { return nil }
            items.append(item)
            if !take(",") { return take(close) ? items : nil }
        }
        return items
    }

    private mutating func element() -> ManifestTables.Value? {
        guard let first = expression() else { return nil }
        guard take(":") else { return first }
        guard let value = expression() else { return nil }
        if case .string(let key) = first { return .pair(key, value) }
        return value
    }

    private mutating func take(_ character: Character) -> Bool {
        rest = rest.drop { $0.isWhitespace }
        guard rest.first == character else { return false }
        rest = rest.dropFirst()
        return true
    }
}
