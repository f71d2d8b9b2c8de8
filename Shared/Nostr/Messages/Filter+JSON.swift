internal import Crypto

extension Filter {
    /// Appends the filter as a JSON object; the members stand in one fixed order, tags by letter.
    public func encode(into output: inout [UInt8]) {
        var object = ObjectWriter()
        if let ids { object.member("ids", &output) { Self.appendHex(ids, &$0) } }
        if let authors { object.member("authors", &output) { Self.appendHex(authors, &$0) } }
        if let kinds { object.member("kinds", &output) { Self.appendKinds(kinds, &$0) } }
        for (name, values) in tags.sorted(by: { $0.key < $1.key }) {
            object.member("#\(name)", &output) { CanonicalJSON.appendArray(values, to: &$0) }
        }
        if let since { object.member("since", &output) { Decimal.append(since.seconds, to: &$0) } }
        if let until { object.member("until", &output) { Decimal.append(until.seconds, to: &$0) } }
        if let limit { object.member("limit", &output) { Decimal.append(Int64(limit), to: &$0) } }
        object.end(&output)
    }

    /// The filter as a JSON object.
    public func encode() -> [UInt8] {
        var output: [UInt8] = []
        encode(into: &output)
        return output
    }

    private static func appendHex(_ values: [Bytes32], _ output: inout [UInt8]) {
        appendList(values, &output) { value, output in
            output.append(UInt8(ascii: "\""))
            value.withUnsafeBytes { Hex.append($0, to: &output) }
            output.append(UInt8(ascii: "\""))
        }
    }

    private static func appendKinds(_ kinds: [UInt16], _ output: inout [UInt8]) {
        appendList(kinds, &output) { Decimal.append(Int64($0), to: &$1) }
    }

    private static func appendList<Element>(
        _ values: [Element], _ output: inout [UInt8], _ append: (Element, inout [UInt8]) -> Void
    ) {
        output.append(UInt8(ascii: "["))
        for (index, value) in values.enumerated() {
            if index > 0 { output.append(UInt8(ascii: ",")) }
            append(value, &output)
        }
        output.append(UInt8(ascii: "]"))
    }
}

/// Writes the braces, names and commas of a JSON object.
private struct ObjectWriter {
    private var isEmpty = true

    mutating func member(_ name: String, _ output: inout [UInt8], _ value: (inout [UInt8]) -> Void) {
        output.append(contentsOf: (isEmpty ? "{\"" : ",\"").utf8)
        output.append(contentsOf: name.utf8)
        output.append(contentsOf: "\":".utf8)
        isEmpty = false
        value(&output)
    }

    func end(_ output: inout [UInt8]) { output.append(contentsOf: (isEmpty ? "{}" : "}").utf8) }
}
