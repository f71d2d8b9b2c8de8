/// Links and named paths in the pages lead somewhere.
struct LinkRules {
    /// Folders at the root; a path in backticks that begins with one of them names a file of this repository.
    static let folders = ["Shared", "Services", "Tests", "postgres", "deploy", "compose", "docs"]

    /// Every file and folder of the repository.
    let targets: Set<String>
    private let link: Pattern
    private let named: Pattern
    private let page: Pattern

    /// Keeps `paths` and all folders above them.
    init(paths: [String]) throws {
        targets = Set(
            paths.flatMap { path in
                let parts = path.split(separator: "/")
                return (1...max(1, parts.count)).map { parts.prefix($0).joined(separator: "/") }
            })
        link = try Pattern(#"\]\(([^)\s]+)\)"#)
        named = try Pattern("`((?:\(Self.folders.joined(separator: "|")))/[^`\\s]*)`")
        page = try Pattern(#"(?<![\w/])(docs/[\w/-]+\.md)\b"#)
    }

    /// Pages that a file of another kind, such as a comment in code, sends its reader to in vain.
    func pageViolations(path: String, text: String) -> [Violation] {
        page.found(in: text).filter { !targets.contains($0.capture ?? "") }.map {
            let message = "sends its reader to \($0.capture ?? ""), which does not exist"
            return Violation(path: path, line: $0.line, rule: "link", message: message)
        }
    }

    /// Dead links and dead paths of the page at `path`.
    func violations(path: String, text: String) -> [Violation] {
        let folder = path.split(separator: "/").dropLast().map(String.init)
        let dead = link.found(in: text).filter { isDead($0.capture ?? "", from: folder) }.map { ($0, "links to") }
        let gone = named.found(in: text).filter { !exists($0.capture ?? "") }.map { ($0, "names") }
        return (dead + gone).map { found, verb in
            let message = "\(verb) \(found.capture ?? ""), which does not exist"
            return Violation(path: path, line: found.line, rule: "link", message: message)
        }
    }

    private func isDead(_ link: String, from folder: [String]) -> Bool {
        if link.contains("://") || link.hasPrefix("#") || link.hasPrefix("mailto:") { return false }
        var parts = folder
        for part in (link.split(separator: "#").first ?? "").split(separator: "/") where part != "." {
            if part != ".." {
                parts.append(String(part))
            } else if parts.popLast() == nil {
                return true
            }
        }
        return !parts.isEmpty && !targets.contains(parts.joined(separator: "/"))
    }

    private func exists(_ named: String) -> Bool {
        if named.contains("<") { return true }
        let path = named.hasSuffix("/") ? String(named.dropLast()) : named
        if named.contains("*") { return targets.contains { globMatches(path, $0) } }
        return targets.contains(path)
    }
}
