/// The shape that every service folder has, so that who has read one can find everything in the next.
struct ServiceShape {
    /// Most lines of the file with `@main`.
    static let mainLines = 25
    /// Subjects that a service's README answers, each as a word its text must hold.
    static let subjects = ["table", "invariant", "setting", "metric", "fail"]

    /// Module and folder name.
    let name: String

    /// What `files`, the service's own, lack or have too much of. Paths are relative to the service's folder.
    func violations(_ files: [(path: String, text: String)]) -> [Violation] {
        let byPath = Dictionary(files.map { ($0.path, $0.text) }, uniquingKeysWith: { first, _ in first })
        let required = ["\(name).swift", "\(name)Config.swift", "\(name)Service.swift", "README.md"]
        let absent = required.filter { byPath[$0] == nil }.map { violation($0, "is missing") }
        return absent + mainViolations(byPath["\(name).swift"]) + readmeViolations(byPath["README.md"])
            + files.flatMap { strayViolations($0.path, $0.text) }
    }

    private func mainViolations(_ text: String?) -> [Violation] {
        guard let text else { return [] }
        let source = SourceText(path: "", text: text)
        let count = source.lines.count - (source.lines.last == "" ? 1 : 0)
        var found: [Violation] = []
        if count > Self.mainLines {
            found.append(
                violation("\(name).swift", "has \(count) lines; at most \(Self.mainLines), the rest is wiring"))
        }
        if !source.hasMain { found.append(violation("\(name).swift", "has no @main type")) }
        return found
    }

    private func readmeViolations(_ text: String?) -> [Violation] {
        guard let text = text?.lowercased() else { return [] }
        return Self.subjects.filter { !text.contains($0) }
            .map { violation("README.md", "does not speak of \"\($0)\"; it is the page an operator opens first") }
    }

    private func strayViolations(_ path: String, _ text: String) -> [Violation] {
        guard path.hasSuffix(".swift") else { return [] }
        if path == "main.swift" {
            return [violation(path, "binds its globals to the main actor; use the @main type of \(name).swift")]
        }
        let source = SourceText(path: path, text: text)
        if path != "\(name).swift" && source.hasMain {
            return [violation(path, "holds a second @main")]
        }
        return path.hasSuffix("Plan.swift") ? planViolations(source) : []
    }

    private func planViolations(_ source: SourceText) -> [Violation] {
        let imports = source.imports.filter { $0.module != "Nostr" }.map {
            violation(
                source.path, "line \($0.line) imports \($0.module); a plan decides on values and imports Nostr at most")
        }
        let waits = source.code.indices.filter {
            source.code[$0].split(whereSeparator: \.isPunctuationOrSpace).contains("await")
        }
        return imports
            + waits.map { violation(source.path, "line \($0 + 1) awaits; a plan does no I/O and asks no clock") }
    }

    private func violation(_ file: String, _ message: String) -> Violation {
        Violation(path: "Services/\(name)/\(file)", line: 0, rule: "service_shape", message: message)
    }
}

extension SourceText {
    fileprivate var hasMain: Bool {
        code.contains { $0.split(whereSeparator: { $0.isWhitespace }).contains("@main") }
    }
}

extension Character {
    fileprivate var isPunctuationOrSpace: Bool { isWhitespace || isPunctuation }
}
