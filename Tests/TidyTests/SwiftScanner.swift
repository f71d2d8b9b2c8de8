/// Walks the bytes of a Swift file and sorts them into code, comments and literals.
///
/// It knows line and nested block comments, plain, multi-line and raw strings, and interpolation. It does not know
/// bare regular-expression literals; the end of the line heals what they would break.
struct SwiftScanner {
    /// The file with comments and the inside of literals as blanks; same length and line breaks.
    private(set) var code: [UInt8]
    /// The file with everything but comments as blanks.
    private(set) var comments: [UInt8]
    /// The literals found so far.
    private(set) var literals: [SourceText.Literal] = []

    private let source: [UInt8]
    private var index = 0
    private var line = 1

    /// Prepares to scan `text`.
    init(_ text: String) {
        source = Array(text.utf8)
        code = source.map { $0 == UInt8(ascii: "\n") ? $0 : UInt8(ascii: " ") }
        comments = code
    }

    /// Scans the whole file.
    mutating func scan() {
        while index < source.count { step() }
    }

    private mutating func step() {
        if starts(with: "//") { return lineComment() }
        if starts(with: "/*") { return blockComment() }
        let pounds = run(of: UInt8(ascii: "#"), from: index)
        if byte(at: index + pounds) == UInt8(ascii: "\"") { return string(pounds: pounds) }
        keep()
    }

    private mutating func lineComment() {
        while index < source.count, source[index] != UInt8(ascii: "\n") { remark() }
    }

    private mutating func blockComment() {
        var depth = 0
        repeat {
            let change = starts(with: "/*") ? 1 : starts(with: "*/") ? -1 : 0
            depth += change
            remark()
            if change != 0 { remark() }
        } while depth > 0 && index < source.count
    }

    private mutating func string(pounds: Int) {
        let quotes = run(of: UInt8(ascii: "\""), from: index + pounds) >= 3 ? 3 : 1
        let begin = line
        var text: [UInt8] = []
        for _ in 0..<(pounds + quotes) { keep() }
        while index < source.count, !closes(quotes: quotes, pounds: pounds) {
            if quotes == 1 && source[index] == UInt8(ascii: "\n") { break }
            literalByte(pounds: pounds, into: &text)
        }
        if closes(quotes: quotes, pounds: pounds) {
            for _ in 0..<(pounds + quotes) { keep() }
        }
        literals.append(.init(line: begin, text: String(decoding: text, as: UTF8.self)))
    }

    private mutating func literalByte(pounds: Int, into text: inout [UInt8]) {
        let escapes = source[index] == UInt8(ascii: "\\") && run(of: UInt8(ascii: "#"), from: index + 1) >= pounds
        guard escapes else {
            text.append(source[index])
            return skip()
        }
        for _ in 0..<(pounds + 1) { skip() }
        if byte(at: index) == UInt8(ascii: "(") {
            text.append(UInt8(ascii: "$"))
            interpolation()
        } else if index < source.count {
            // Escapes are white space or single characters; a blank keeps the words of a statement apart.
            text.append(UInt8(ascii: " "))
            skip()
        }
    }

    private mutating func interpolation() {
        var depth = 0
        repeat {
            if source[index] == UInt8(ascii: "(") { depth += 1 }
            if source[index] == UInt8(ascii: ")") { depth -= 1 }
            step()
        } while depth > 0 && index < source.count
    }

    private func closes(quotes: Int, pounds: Int) -> Bool {
        run(of: UInt8(ascii: "\""), from: index) >= quotes && run(of: UInt8(ascii: "#"), from: index + quotes) >= pounds
    }

    private func run(of wanted: UInt8, from start: Int) -> Int {
        var end = start
        while byte(at: end) == wanted { end += 1 }
        return end - start
    }

    private func byte(at position: Int) -> UInt8? {
        position < source.count ? source[position] : nil
    }

    private func starts(with text: StaticString) -> Bool {
        byte(at: index) == text.utf8Start[0] && byte(at: index + 1) == text.utf8Start[1]
    }

    private mutating func keep() {
        guard index < source.count else { return }
        code[index] = source[index]
        skip()
    }

    private mutating func remark() {
        guard index < source.count else { return }
        comments[index] = source[index]
        skip()
    }

    private mutating func skip() {
        guard index < source.count else { return }
        if source[index] == UInt8(ascii: "\n") { line += 1 }
        index += 1
    }
}
