/// An IP address written in a URL, in any of the notations that browsers understand.
enum IPLiteral: Equatable {
    case v4(UInt32)
    case v6(high: UInt64, low: UInt64)

    /// True when the last label makes a host an IPv4 address or a mistake (WHATWG URL, "ends in a number").
    static func endsInNumber(_ host: String) -> Bool {
        guard let last = labels(host).last, !last.isEmpty else { return false }
        return last.utf8.allSatisfy { (0x30...0x39).contains($0) } || number(last) != nil
    }

    /// One to four numbers, each decimal, octal (`0`) or hexadecimal (`0x`); the last fills the bytes that are left.
    ///
    /// So `127.1`, `0x7f.1`, `017700000001` and `2130706433` are all 127.0.0.1 (WHATWG URL, IPv4 parser).
    static func v4(_ host: String) -> IPLiteral? {
        let labels = labels(host)
        guard (1...4).contains(labels.count), let last = labels.last.flatMap(number) else { return nil }
        var address: UInt64 = 0
        for label in labels.dropLast() {
            guard let byte = number(label), byte <= 255 else { return nil }
            address = address << 8 | byte
        }
        let lastBits = UInt64(8 * (5 - labels.count))
        guard last < 1 << lastBits else { return nil }
        return .v4(UInt32(address << lastBits | last))
    }

    /// RFC 4291 section 2.2, without a zone: eight groups, at most one `::`, the last two may be a dotted IPv4 address.
    static func v6(_ text: String) -> IPLiteral? {
        let halves = text.splitOnDoubleColon()
        guard halves.count <= 2, let head = groups(halves[0], last: halves.count == 1) else { return nil }
        let tail = halves.count == 2 ? groups(halves[1], last: true) : []
        guard let tail else { return nil }
        let missing = 8 - head.count - tail.count
        guard halves.count == 1 ? missing == 0 : missing >= 1 else { return nil }
        let all = head + Array(repeating: 0, count: missing) + tail
        let word = { (part: ArraySlice<UInt16>) in part.reduce(UInt64(0)) { $0 << 16 | UInt64($1) } }
        return .v6(high: word(all[..<4]), low: word(all[4...]))
    }

    /// The one spelling: dotted decimal, or RFC 5952.
    var text: String {
        switch self {
        case .v4(let address):
            [24, 16, 8, 0].map { String(address >> UInt32($0) & 255) }.joined(separator: ".")
        case .v6(let high, let low):
            Self.text(
                [48, 32, 16, 0].map { UInt16(truncatingIfNeeded: high >> UInt64($0)) }
                    + [48, 32, 16, 0].map { UInt16(truncatingIfNeeded: low >> UInt64($0)) })
        }
    }

    private static func labels(_ host: String) -> [Substring] {
        host.split(separator: ".", omittingEmptySubsequences: false)
    }

    private static func number(_ label: Substring) -> UInt64? {
        guard !label.isEmpty, !label.hasPrefix("+"), !label.hasPrefix("-") else { return nil }
        if label.hasPrefix("0x") { return label.count == 2 ? 0 : hexadecimal(label.dropFirst(2)) }
        if label.count > 1, label.hasPrefix("0") { return UInt64(label.dropFirst(), radix: 8) }
        return UInt64(label)
    }

    private static func hexadecimal(_ digits: Substring) -> UInt64? {
        digits.utf8.allSatisfy { Character(Unicode.Scalar($0)).isHexDigit } ? UInt64(digits, radix: 16) : nil
    }

    /// The 16-bit groups of one side of a `::`. An IPv4 tail gives two.
    private static func groups(_ text: Substring, last: Bool) -> [UInt16]? {
        if text.isEmpty { return [] }
        var groups: [UInt16] = []
        let parts = text.split(separator: ":", omittingEmptySubsequences: false)
        for (index, part) in parts.enumerated() {
            if last, index == parts.count - 1, part.contains(".") {
                guard let address = dotted(part) else { return nil }
                groups += [UInt16(address >> 16), UInt16(truncatingIfNeeded: address)]
                continue
            }
            guard (1...4).contains(part.utf8.count), part.allSatisfy(\.isHexDigit), let group = UInt16(part, radix: 16)
            else { return nil }
            groups.append(group)
        }
        return groups.count <= 8 ? groups : nil
    }

    /// Inside IPv6 only plain dotted decimal is allowed.
    private static func dotted(_ text: Substring) -> UInt32? {
        let parts = text.split(separator: ".", omittingEmptySubsequences: false)
        guard parts.count == 4 else { return nil }
        return parts.reduce(UInt32?(0)) { address, part in
            guard let address, (1...3).contains(part.utf8.count), part.first != "0" || part == "0",
                part.utf8.allSatisfy({ (0x30...0x39).contains($0) }), let byte = UInt8(part)
            else { return nil }
            return address << 8 | UInt32(byte)
        }
    }

    /// RFC 5952: the longest run of two or more zero groups, the first of equals, becomes `::`.
    private static func text(_ groups: [UInt16]) -> String {
        var best = 0..<0
        var start = 0
        for index in 0...groups.count {
            if index < groups.count, groups[index] == 0 { continue }
            if index - start > max(best.count, 1) { best = start..<index }
            start = index + 1
        }
        let hex = { (part: ArraySlice<UInt16>) in part.map { String($0, radix: 16) }.joined(separator: ":") }
        if best.isEmpty { return hex(groups[...]) }
        return hex(groups[..<best.lowerBound]) + "::" + hex(groups[best.upperBound...])
    }
}

extension String {
    /// The parts between `::`; more than two parts mean more than one.
    fileprivate func splitOnDoubleColon() -> [Substring] {
        var parts: [Substring] = []
        var start = startIndex
        var index = startIndex
        while index < endIndex {
            let next = self.index(after: index)
            if self[index] == ":", next < endIndex, self[next] == ":" {
                parts.append(self[start..<index])
                start = self.index(after: next)
                index = start
            } else {
                index = next
            }
        }
        return parts + [self[start...]]
    }
}
