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
    func lines(in text: String) -> [Int] { found(in: text).map(\.line) }

    /// The first group of every match.
    func captures(in text: String) -> [String] { found(in: text).compactMap(\.capture) }

    /// The line of every match, from 1, and its first group where the pattern has one.
    func found(in text: String) -> [(line: Int, capture: String?)] {
        let whole = text as NSString
        var line = 1
        var counted = 0
        return expression.matches(in: text, range: NSRange(location: 0, length: whole.length)).map { match in
            let before = NSRange(location: counted, length: match.range.location - counted)
            line += whole.substring(with: before).utf8.count { $0 == UInt8(ascii: "\n") }
            counted = match.range.location
            let group = match.numberOfRanges > 1 ? match.range(at: 1) : NSRange(location: NSNotFound, length: 0)
            return (line, group.location == NSNotFound ? nil : whole.substring(with: group))
        }
    }
}
