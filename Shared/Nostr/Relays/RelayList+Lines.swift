extension RelayList {
    /// Reads a list of relays: a URL a line; blank lines and what follows `#` at the start of a line or after a blank
    /// are left out. Every other line is a relay, a duplicate or a rejection.
    ///
    /// Places are numbers of lines, from 1; bytes that are no text have the reason `bad_utf8`.
    /// - Parameters:
    ///   - bytes: the file; lines end with LF or CRLF, a byte order mark is no part of the first.
    ///   - allowsLocal: reserved addresses and local names are relays too.
    ///   - limit: relays at most; a further one has the reason `over_limit`.
    public init(lines bytes: [UInt8], allowsLocal: Bool, limit: Int = .max) {
        self.init()
        var text = bytes[...]
        if text.starts(with: [0xEF, 0xBB, 0xBF]) { text = text.dropFirst(3) }
        for (index, line) in text.split(separator: 0x0A, omittingEmptySubsequences: false).enumerated() {
            let line = Self.content(of: line)
            guard !line.isEmpty else { continue }
            if let url = String(validating: line, as: UTF8.self) {
                add(url, place: index + 1, allowsLocal: allowsLocal, limit: limit)
            } else {
                reject(place: index + 1, reason: "bad_utf8")
            }
        }
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
