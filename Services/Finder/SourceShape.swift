import Nostr
import Settings

/// How a source writes its list of relay URLs.
enum SourceShape: String, SettingsScalar, CaseIterable {
    /// A JSON array of strings, as version 1 of nostr.watch answers.
    case strings
    /// JSON in which a path leads to the URLs.
    case objects
    /// `GET /relays?format=simple` of version 2 of nostr.watch: strings, in an array or in one named `relays` or
    /// `data`; in the latter two cases it is one of several answers.
    case nostrWatchV2 = "nostr_watch_v2"
    /// A URL a line; empty lines and those that begin with "#" say nothing.
    case text

    /// URLs read of one answer at most; the rest is skipped.
    static let mostURLs = 200_000
    /// Bytes of one URL at most.
    static let mostURLBytes = 2_048

    /// The four names.
    static var allowed: String { allCases.map(\.rawValue).joined(separator: ", ") }
    /// One of the four names.
    init?(settingText: String) { self.init(rawValue: settingText) }
    /// The name.
    var settingText: String { rawValue }

    /// Whether a source of this shape may have that path: `objects` needs one, the others have none.
    func accepts(path: String?) -> Bool {
        guard self == .objects else { return path == nil }
        return path.flatMap { JSONPath($0) } != nil
    }

    /// Reads a body of unknown origin. The spellings are as they came: nothing is normalised or left out for what it
    /// is.
    /// - Parameter depth: levels of JSON at most.
    /// - Throws: why it is no list of this shape; then nothing of it counts.
    func read(_ body: [UInt8], path: String?, depth: Int) throws(JSONSelection.Failure) -> SourceList {
        switch self {
        case .strings: return try Self.select(["[]"], body, depth)
        case .objects: return try Self.select([path ?? ""], body, depth)
        case .nostrWatchV2:
            var list = try Self.select(["[]", "relays[]", "data[]", "data.relays[]"], body, depth)
            list.isPage = body.first { !Self.isBlank($0) } == UInt8(ascii: "{")
            return list
        case .text: return try Self.lines(body)
        }
    }

    /// The first path that leads somewhere.
    private static func select(
        _ paths: [String], _ body: [UInt8], _ depth: Int
    ) throws(JSONSelection.Failure) -> SourceList {
        for path in paths.compactMap({ JSONPath($0) }) {
            do throws(JSONSelection.Failure) {
                let found = try JSONSelection(
                    path, in: body, mostStrings: mostURLs, mostBytes: mostURLBytes, depth: depth)
                // Values that are all of another type: the list is somewhere else.
                guard !found.strings.isEmpty || found.skipped == 0 else { continue }
                return SourceList(urls: found.strings, skipped: found.skipped)
            } catch {
                guard error == .unexpectedShape else { throw error }
            }
        }
        throw .unexpectedShape
    }

    private static func isBlank(_ byte: UInt8) -> Bool { byte == 0x20 || byte == 0x09 || byte == 0x0A || byte == 0x0D }

    /// Markup is no list, whatever its lines hold.
    private static func lines(_ body: [UInt8]) throws(JSONSelection.Failure) -> SourceList {
        var list = SourceList()
        for line in body.split(separator: 0x0A, maxSplits: mostURLs) {
            let start = line.drop(while: isBlank)
            let text = start.prefix(start.count - start.reversed().prefix(while: isBlank).count)
            guard let first = text.first, first != UInt8(ascii: "#") else { continue }
            if list.urls.isEmpty, list.skipped == 0, first == UInt8(ascii: "<") { throw .unexpectedShape }
            list.add(text)
        }
        return list
    }
}

/// What a source's answer held.
struct SourceList: Sendable, Equatable {
    /// Spellings in the order of the answer, duplicates among them.
    var urls: [String] = []
    /// Values that are no text, too long, or too many.
    var skipped = 0
    /// Whether there may be more in another answer.
    var isPage = false

    /// Adds one line; what is not UTF-8 or too long is skipped.
    mutating func add(_ text: ArraySlice<UInt8>) {
        guard text.count <= SourceShape.mostURLBytes, urls.count < SourceShape.mostURLs,
            let url = String(validating: text, as: UTF8.self)
        else { return skipped += 1 }
        urls.append(url)
    }
}
