/// Reads the head of an answer line by line, as libcurl hands it over: pure, bounded, and forgiving.
struct HTTPHead: Sendable, Equatable {
    /// What to do after a line.
    enum Step: Sendable, Equatable {
        /// Go on.
        case more
        /// The head is whole, and nothing of the body is wanted.
        case enough
        /// The head is over its limit.
        case tooLarge
    }

    /// A field of these headers is kept.
    private static let wanted: Set<String> = [
        "etag", "last-modified", "content-type", "retry-after", "date", "location", "access-control-allow-origin",
    ]
    /// Those that say what a server is made of; of several values the last, so that the list is the bound.
    private static let telling: Set<String> = [
        "server", "x-powered-by", "via", "alt-svc", "strict-transport-security", "cf-ray", "x-served-by",
    ]
    /// Values longer than this are left out.
    private static let mostValueBytes = 2_048

    /// Status of the last status line; 0 before one.
    private(set) var status = 0
    private var fields: [String: String] = [:]
    private var bytes = 0
    private var isInterim: Bool { (100...199).contains(status) }
    private let limitBytes: Int

    init(limitBytes: Int) { self.limitBytes = limitBytes }

    /// Where a redirect leads; nil for every other answer.
    var location: String? { [301, 302, 303, 307, 308].contains(status) ? fields["location"] : nil }

    /// Whether the body is for the caller.
    var wantsBody: Bool { (200...299).contains(status) }

    /// The fields that callers see.
    var headers: HTTPAnswerHeaders {
        HTTPAnswerHeaders(
            etag: fields["etag"], lastModified: fields["last-modified"], contentType: fields["content-type"],
            retryAfter: fields["retry-after"].flatMap { RetryAfter.wait($0, date: fields["date"]) },
            allowOrigin: fields["access-control-allow-origin"],
            telling: fields.filter { Self.telling.contains($0.key) })
    }

    /// Takes one line with its line end.
    mutating func feed(_ line: some Collection<UInt8>) -> Step {
        bytes += line.count
        guard bytes <= limitBytes else { return .tooLarge }
        let text = line.prefix { $0 != 0x0D && $0 != 0x0A }
        if text.starts(with: "HTTP/".utf8) {
            begin(text)
        } else if text.isEmpty {
            return isInterim || wantsBody || status == 0 ? .more : .enough
        } else {
            keep(text)
        }
        return .more
    }

    /// A new answer begins: what an interim one said is over, what it weighed is not.
    private mutating func begin(_ line: some Collection<UInt8>) {
        let words = line.split(separator: 0x20, maxSplits: 2, omittingEmptySubsequences: true)
        status = words.count > 1 ? Int(String(decoding: words[1], as: UTF8.self)) ?? 0 : 0
        fields = [:]
    }

    private mutating func keep(_ line: some Collection<UInt8>) {
        guard let colon = line.firstIndex(of: UInt8(ascii: ":")) else { return }
        let name = String(decoding: line[..<colon], as: UTF8.self).lowercased()
        guard Self.wanted.contains(name) || Self.telling.contains(name) else { return }
        let isBlank = { (byte: UInt8) in byte == 0x20 || byte == 0x09 }
        let value = line[line.index(after: colon)...].drop(while: isBlank)
        let end = Array(value).reversed().drop(while: isBlank).reversed()
        guard !end.isEmpty, end.count <= Self.mostValueBytes, end.allSatisfy({ $0 >= 0x20 && $0 < 0x7F }) else {
            return
        }
        fields[name] = String(decoding: Array(end), as: UTF8.self)
    }
}
