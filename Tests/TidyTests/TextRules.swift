/// Rules for every text file: lines, blanks, to-dos and paths of one machine.
struct TextRules {
    /// Longest line by kind of file; what is not listed is prose. SQL is wider, since a statement is read as a table.
    static let lineLength = [
        "swift": 120, "h": 120, "modulemap": 120, "sh": 120, "py": 120, "yaml": 120, "yml": 120, "sql": 140,
    ]
    /// Top folders that exist on somebody's machine and not in this repository.
    private static let machineFolders = ["home", "Users", "root", "work", "workspace", "farm", "mnt", "media"]

    private let machinePath: Pattern
    private let openTask: Pattern

    /// Compiles the patterns.
    init() throws {
        let folders = Self.machineFolders.joined(separator: "|")
        machinePath = try Pattern("(?<![\\w.~)}$/-])/(\(folders))/")
        openTask = try Pattern(#"\b(TODO|FIXME|XXX|HACK)\b(?!\(#\d+\):)"#)
    }

    /// All violations of one file.
    func violations(path: String, text: String) -> [Violation] {
        lineViolations(path, text) + pathViolations(path, text) + taskViolations(path, text)
    }

    private func lineViolations(_ path: String, _ text: String) -> [Violation] {
        let kind = path.split(separator: ".").last.map(String.init) ?? ""
        let mayHoldTabs = path.hasSuffix("Makefile") || kind == "mk" || kind == "tsv"
        var found: [Violation] = []
        for (index, line) in text.split(separator: "\n", omittingEmptySubsequences: false).enumerated() {
            if line.last?.isWhitespace == true {
                found.append(violation(path, index + 1, "trailing_blank", "ends in a blank; remove it"))
            }
            if Self.isMergeMarker(line) {
                found.append(violation(path, index + 1, "merge_marker", "is left over from a merge; decide"))
            }
            if line.contains("\t") && !mayHoldTabs {
                found.append(violation(path, index + 1, "tab", "holds a tab; indent with four spaces"))
            }
            // The text of COMMENT ON is prose on one line.
            if let most = Self.lineLength[kind], line.count > most, !line.hasPrefix("COMMENT ON") {
                found.append(violation(path, index + 1, "line_length", "has \(line.count) characters; at most \(most)"))
            }
        }
        if !text.isEmpty && !text.hasSuffix("\n") {
            found.append(violation(path, 0, "last_line", "does not end in a line break"))
        }
        return found
    }

    /// A line of equal signs alone is a heading's underline elsewhere, so only the two named ones count.
    private static func isMergeMarker(_ line: Substring) -> Bool {
        ["<", ">"].contains { line.hasPrefix(String(repeating: $0, count: 7) + " ") }
    }

    private func pathViolations(_ path: String, _ text: String) -> [Violation] {
        machinePath.lines(in: text).map {
            violation(path, $0, "machine_path", "names a folder of one machine; use a relative path or a variable")
        }
    }

    private func taskViolations(_ path: String, _ text: String) -> [Violation] {
        let searched =
            path.hasSuffix(".swift")
            ? SourceText(path: path, text: text).comments.joined(separator: "\n") : text
        if path.hasSuffix(".md") { return [] }
        return openTask.lines(in: searched).map {
            violation(path, $0, "open_task", "has no issue that would remind anybody; write TODO(#number):")
        }
    }

    private func violation(_ path: String, _ line: Int, _ rule: String, _ message: String) -> Violation {
        Violation(path: path, line: line, rule: rule, message: message)
    }
}
