import Nostr

/// A seed file, read.
struct SeedList: Sendable, Equatable {
    /// A line that is no relay to be stored.
    struct Rejected: Sendable, Equatable {
        /// From 1.
        var line: Int
        /// Stable name: those of `RelayURLError`, `local_address`, `bad_utf8`.
        var reason: String
    }

    /// Distinct relays in the order of their first mention.
    var relays: [RelayURL] = []
    /// Lines that were left out, in order.
    var rejected: [Rejected] = []
    /// Further lines that name a relay already in `relays`, in any spelling.
    var duplicates = 0

    /// How many lines were left out for which reason.
    var reasons: [String: Int] { Dictionary(rejected.map { ($0.reason, 1) }, uniquingKeysWith: +) }
}

extension InitializerPlan {
    /// Reads a seed file: a URL a line; blank lines and what follows `#` at the start of a line or after a blank are
    /// left out. Every other line is a relay, a duplicate or a rejection.
    /// - Parameters:
    ///   - bytes: the file; lines end with LF or CRLF, a byte order mark is no part of the first.
    ///   - allowsLocal: reserved addresses and local names are relays too.
    static func seeds(_ bytes: [UInt8], allowsLocal: Bool) -> SeedList {
        var list = SeedList()
        var seen: Set<RelayURL> = []
        var text = bytes[...]
        if text.starts(with: [0xEF, 0xBB, 0xBF]) { text = text.dropFirst(3) }
        for (index, line) in text.split(separator: 0x0A, omittingEmptySubsequences: false).enumerated() {
            let line = content(of: line)
            guard !line.isEmpty else { continue }
            do throws(SeedRejection) {
                let relay = try relay(line, allowsLocal: allowsLocal)
                if seen.insert(relay).inserted { list.relays.append(relay) } else { list.duplicates += 1 }
            } catch {
                list.rejected.append(.init(line: index + 1, reason: error.reason))
            }
        }
        return list
    }

    private struct SeedRejection: Error {
        var reason: String
    }

    private static func relay(_ line: ArraySlice<UInt8>, allowsLocal: Bool) throws(SeedRejection) -> RelayURL {
        guard let text = String(validating: line, as: UTF8.self) else { throw SeedRejection(reason: "bad_utf8") }
        let relay: RelayURL
        do throws(RelayURLError) { relay = try RelayURL.parse(text) } catch { throw SeedRejection(reason: error.kind) }
        guard allowsLocal || relay.network != .local else { throw SeedRejection(reason: "local_address") }
        return relay
    }

    /// The line without comment and without blanks around it.
    private static func content(of line: ArraySlice<UInt8>) -> ArraySlice<UInt8> {
        var line = line
        let comment = line.indices.first { index in
            line[index] == UInt8(ascii: "#") && (index == line.startIndex || isBlank(line[index - 1]))
        }
        if let comment { line = line[..<comment] }
        line = line.drop(while: isBlank)
        while let last = line.last, isBlank(last) { line.removeLast() }
        return line
    }

    private static func isBlank(_ byte: UInt8) -> Bool { byte == 0x20 || (0x09...0x0D).contains(byte) }
}
