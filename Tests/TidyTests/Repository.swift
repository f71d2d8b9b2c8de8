import Foundation

/// The files of this checkout, read once each time they are asked for.
///
/// Files are found by walking the folder and leaving out what `.gitignore` names, not by asking git: the checks then
/// work in an unpacked archive, and a new file is checked before it is added.
struct Repository {
    /// The folder that holds `Package.swift`.
    let root: URL
    /// Every file that is not ignored, relative to the root, sorted.
    let paths: [String]

    /// Reads the checkout that this source file stands in.
    init() throws {
        var root = URL(filePath: #filePath).resolvingSymlinksInPath()
        for _ in 0..<3 { root.deleteLastPathComponent() }
        try self.init(root: root)
    }

    /// Walks `root`.
    init(root: URL) throws {
        self.root = root
        let ignored = IgnoreList(text: try String(contentsOf: root.appending(path: ".gitignore"), encoding: .utf8))
        var found: [String] = []
        try Repository.walk(root, below: "", leavingOut: ignored, into: &found)
        paths = found.sorted()
    }

    /// Paths that start with one of `folders` and end in `suffix`.
    func paths(under folders: [String], suffix: String = "") -> [String] {
        paths.filter { path in path.hasSuffix(suffix) && folders.contains { path.hasPrefix($0 + "/") } }
    }

    /// The text of a file; invalid UTF-8 and absent files throw.
    func text(_ path: String) throws -> String {
        try String(contentsOf: root.appending(path: path), encoding: .utf8)
    }

    /// Path and text of every given file.
    func texts(_ paths: [String]) throws -> [(path: String, text: String)] {
        try paths.map { (path: $0, text: try text($0)) }
    }

    /// The scanned Swift files below `folders`.
    func sources(under folders: [String] = ["Shared", "Services", "Tests"]) throws -> [SourceText] {
        try paths(under: folders, suffix: ".swift").map { SourceText(path: $0, text: try text($0)) }
    }

    private static func walk(
        _ folder: URL, below prefix: String, leavingOut ignored: IgnoreList, into found: inout [String]
    ) throws {
        let keys: Set<URLResourceKey> = [.isDirectoryKey, .isSymbolicLinkKey]
        let entries = try FileManager.default.contentsOfDirectory(at: folder, includingPropertiesForKeys: Array(keys))
        for entry in entries {
            let values = try entry.resourceValues(forKeys: keys)
            let path = prefix + entry.lastPathComponent
            let isFolder = values.isDirectory == true && values.isSymbolicLink != true
            if ignored.matches(path, isFolder: isFolder) { continue }
            if isFolder {
                try walk(entry, below: path + "/", leavingOut: ignored, into: &found)
            } else {
                found.append(path)
            }
        }
    }
}

/// The part of `.gitignore`'s language that this repository uses: names, `*`, a leading and a trailing slash.
struct IgnoreList {
    private struct Rule {
        var pattern: String
        var isRooted: Bool
        var isFolderOnly: Bool
    }

    private let rules: [Rule]

    /// Reads the lines of a `.gitignore`; `.git` itself is always left out.
    init(text: String) {
        let lines = text.split(separator: "\n").filter { !$0.hasPrefix("#") && !$0.allSatisfy(\.isWhitespace) }
        rules = (["/.git"] + lines).map { line in
            Rule(
                pattern: line.trimmingCharacters(in: CharacterSet(charactersIn: "/")),
                isRooted: line.hasPrefix("/"), isFolderOnly: line.hasSuffix("/"))
        }
    }

    /// Whether the file or folder at `path` is left out.
    func matches(_ path: String, isFolder: Bool) -> Bool {
        let name = path.split(separator: "/").last.map(String.init) ?? path
        return rules.contains { rule in
            if rule.isFolderOnly && !isFolder { return false }
            return globMatches(rule.pattern, rule.isRooted ? path : name)
        }
    }
}

/// Shell matching of one path; `*` does not cross a slash.
func globMatches(_ pattern: String, _ path: String) -> Bool {
    fnmatch(pattern, path, FNM_PATHNAME) == 0
}
