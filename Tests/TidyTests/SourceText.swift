/// A Swift file, taken apart into code, comments and string literals.
///
/// The rules about code must not fire on prose, and the rules about SQL look at literals alone.
struct SourceText {
    /// A string literal and the line it begins on.
    struct Literal: Equatable {
        /// Line, counted from 1.
        var line: Int
        /// What stands between the quotes; every interpolation appears as `$`.
        var text: String
    }

    /// Path relative to the repository root.
    let path: String
    /// The lines as they stand in the file.
    let lines: [String]
    /// The same lines with comments and the inside of literals turned into blanks.
    let code: [String]
    /// The same lines with everything but comments turned into blanks.
    let comments: [String]
    /// All string literals in file order.
    let literals: [Literal]

    /// Scans `text`; never fails, a malformed file gives a best effort.
    init(path: String, text: String) {
        var scanner = SwiftScanner(text)
        scanner.scan()
        self.path = path
        lines = SourceText.split(Array(text.utf8))
        code = SourceText.split(scanner.code)
        comments = SourceText.split(scanner.comments)
        literals = scanner.literals
    }

    /// File name without folders.
    var name: String { path.split(separator: "/").last.map(String.init) ?? path }

    /// The comment on `line` (from 1) or in the unbroken run of comment and attribute lines above it.
    func reason(at line: Int) -> String {
        var found = [comments[line - 1]]
        var above = line - 2
        while above >= 0, isCommentOrAttribute(above) {
            found.append(comments[above])
            above -= 1
        }
        return found.joined(separator: " ").trimmed
    }

    private func isCommentOrAttribute(_ index: Int) -> Bool {
        let text = code[index].trimmed
        if text.isEmpty { return !comments[index].trimmed.isEmpty }
        return text.hasPrefix("@") && !text.contains(" ")
    }

    private static func split(_ bytes: [UInt8]) -> [String] {
        bytes.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
            .map { String(decoding: $0, as: UTF8.self) }
    }
}

extension StringProtocol {
    /// Without blanks at both ends.
    var trimmed: String {
        let start = drop { $0.isWhitespace }
        return String(start.reversed().drop { $0.isWhitespace }.reversed())
    }
}
