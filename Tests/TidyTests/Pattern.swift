import Foundation

/// A regular expression that is known to be sound, with the lines it matches.
struct Pattern {
    private let expression: NSRegularExpression

    /// Compiles `text`; `^` and `$` match at line ends. A malformed pattern is our own mistake and throws.
    init(_ text: String, ignoringCase: Bool = false) throws {
        let options: NSRegularExpression.Options = ignoringCase ? [.caseInsensitive] : []
        expression = try NSRegularExpression(pattern: text, options: options.union(.anchorsMatchLines))
    }

    /// Whether any part of `text` matches.
    func matches(_ text: String) -> Bool {
        expression.firstMatch(in: text, range: NSRange(text.startIndex..., in: text)) != nil
    }

    /// Numbers, from 1, of the lines on which a match begins.
    func lines(in text: String) -> [Int] {
        let whole = text as NSString
        return expression.matches(in: text, range: NSRange(location: 0, length: whole.length)).map { match in
            whole.substring(to: match.range.location).utf8.count { $0 == UInt8(ascii: "\n") } + 1
        }
    }

    /// The first group of every match.
    func captures(in text: String) -> [String] {
        let whole = text as NSString
        return expression.matches(in: text, range: NSRange(location: 0, length: whole.length)).compactMap { match in
            let range = match.range(at: 1)
            return range.location == NSNotFound ? nil : whole.substring(with: range)
        }
    }
}
