/// Names of files and types.
struct NameRules {
    /// Names that say nothing about what a file holds.
    static let empty: Set<String> = ["Utils", "Util", "Helpers", "Helper", "Common", "Manager", "Misc", "Extensions"]
    private static let declaring = #"\b(?:struct|class|enum|actor|protocol|extension|typealias)\s+(\w+)"#

    private let declaration: Pattern
    private let freeFunction: Pattern

    /// Compiles the patterns.
    init() throws {
        declaration = try Pattern(Self.declaring)
        freeFunction = try Pattern(#"^(?:@\w+(?:\([^)]*\))?\s+)*(?:(?:public|package|internal)\s+)?func\s+(\w+)"#)
    }

    /// What is wrong with the name of one file, or with the types in it.
    func violations(in source: SourceText) -> [Violation] {
        let stem = String(source.name.dropLast(".swift".count))
        let parts = stem.split(separator: "+").map(String.init)
        guard let subject = parts.first, stem != "Package" else { return [] }
        let code = source.code.joined(separator: "\n")
        let types = declaration.captures(in: code)
        var found: [Violation] = []
        if parts.contains(where: Self.empty.contains) {
            found.append(violation(source, "is named after nothing; name it after its main type"))
        }
        let functions = freeFunction.captures(in: code)
        // `Protocol+Types.swift` holds the conformances of other types and names the protocol only on the right.
        let isAbout = parts.count > 1 && source.words.contains(Substring(subject))
        if !isAbout && !isNamedAfter(subject, types, functions) {
            found.append(violation(source, "declares or extends no type \(subject); one main type a file, named alike"))
        }
        return found + moduleViolations(source, types, code)
    }

    private func isNamedAfter(_ subject: String, _ types: [String], _ functions: [String]) -> Bool {
        if types.contains(where: { $0 == subject || $0 == subject + "Main" }) { return true }
        return functions.contains { $0.lowercased() == subject.lowercased() }
    }

    private func moduleViolations(_ source: SourceText, _ types: [String], _ code: String) -> [Violation] {
        let folders = source.path.split(separator: "/").map(String.init)
        guard folders.count >= 3, folders[0] == "Shared", types.contains(folders[1]) else { return [] }
        return [violation(source, "names a type like its module \(folders[1]), which can then not be named any more")]
    }

    private func violation(_ source: SourceText, _ message: String) -> Violation {
        Violation(path: source.path, line: 0, rule: "name", message: message)
    }
}

extension SourceText {
    fileprivate var words: Set<Substring> {
        Set(code.flatMap { $0.split { !($0.isLetter || $0.isNumber || $0 == "_") } })
    }
}
