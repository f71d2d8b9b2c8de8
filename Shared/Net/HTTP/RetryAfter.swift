/// The header that tells when to come back.
enum RetryAfter {
    /// What Retry-After says (RFC 9110, 10.2.3): seconds or a date, cut to 0...86,400 s. A date is measured from the
    /// answer's own, so that nobody's clock matters but the server's; without that it says nothing.
    static func wait(_ text: String, date: String?) -> Duration? {
        let most = 86_400
        if !text.isEmpty, text.utf8.allSatisfy({ (0x30...0x39).contains($0) }) {
            // Digits that are no Int are a very long time.
            return .seconds(min(Int(text) ?? most, most))
        }
        guard let then = HTTPDate(text), let now = date.flatMap({ HTTPDate($0) }) else { return nil }
        return .seconds(min(max(then.seconds - now.seconds, 0), most))
    }
}
