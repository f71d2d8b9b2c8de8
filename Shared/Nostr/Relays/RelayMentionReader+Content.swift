/// Contents that are JSON, or one URL.
extension RelayMentionReader {
    /// Takes the relays of a content.
    mutating func readContent(_ bytes: UnsafeBufferPointer<UInt8>, _ kind: UInt16) {
        switch kind {
        case 2: if !Self.isBlank(bytes) { take(bytes, .recommended) }
        case 3: readFollowList(bytes)
        case 28, 40, 41: readChannel(bytes)
        default: readText(bytes)
        }
    }

    /// Walks over the members of a JSON object; `member` takes the value, or skips it.
    mutating func readObject(
        _ bytes: UnsafeBufferPointer<UInt8>,
        _ member: (inout RelayMentionReader, inout JSONScanner, String) throws(JSONFault) -> Void
    ) throws(JSONFault) {
        var scanner = JSONScanner(bytes)
        scanner.skipBlanks()
        try scanner.expect(UInt8(ascii: "{"))
        scanner.skipBlanks()
        if scanner.take(UInt8(ascii: "}")) { return }
        repeat {
            scanner.skipBlanks()
            let key = try scanner.string()
            scanner.skipBlanks()
            try scanner.expect(UInt8(ascii: ":"))
            scanner.skipBlanks()
            try member(&self, &scanner, String(decoding: JSONString.decoded(bytes, key), as: UTF8.self))
            scanner.skipBlanks()
        } while scanner.take(UInt8(ascii: ","))
        try scanner.expect(UInt8(ascii: "}"))
    }

    /// The keys are relays. Most contents of kind 3 are empty by now, many are something else.
    private mutating func readFollowList(_ bytes: UnsafeBufferPointer<UInt8>) {
        guard !Self.isBlank(bytes) else { return }
        guard Self.beginsObject(bytes) else { return mentions.reject("not_an_object") }
        do throws(JSONFault) {
            try readObject(bytes) { (reader, scanner, key) throws(JSONFault) in
                try scanner.skipValue(depth: Self.maxDepth)
                guard !key.isEmpty else { return }
                Array(key.utf8).withUnsafeBufferPointer { reader.take($0, .followList) }
            }
        } catch { mentions.reject("bad_json") }
    }

    private mutating func readChannel(_ bytes: UnsafeBufferPointer<UInt8>) {
        guard Self.beginsObject(bytes) else { return readText(bytes) }
        do throws(JSONFault) {
            try readObject(bytes) { (reader, scanner, key) throws(JSONFault) in
                guard key == "relays", scanner.current == UInt8(ascii: "[") else {
                    return try scanner.skipValue(depth: Self.maxDepth)
                }
                try reader.readTexts(&scanner)
            }
        } catch { mentions.reject("bad_json") }
    }

    /// The texts of a JSON array.
    private mutating func readTexts(_ scanner: inout JSONScanner) throws(JSONFault) {
        try scanner.expect(UInt8(ascii: "["))
        scanner.skipBlanks()
        if scanner.take(UInt8(ascii: "]")) { return }
        repeat {
            scanner.skipBlanks()
            if scanner.current == UInt8(ascii: "\"") {
                let text = JSONString.decoded(scanner.bytes, try scanner.string())
                if !text.isEmpty { text.withUnsafeBufferPointer { take($0, .channel) } }
            } else {
                try scanner.skipValue(depth: Self.maxDepth)
            }
            scanner.skipBlanks()
        } while scanner.take(UInt8(ascii: ","))
        try scanner.expect(UInt8(ascii: "]"))
    }

    private static func beginsObject(_ bytes: UnsafeBufferPointer<UInt8>) -> Bool {
        bytes.first { !isBlank($0) } == UInt8(ascii: "{")
    }

    private static func isBlank(_ bytes: UnsafeBufferPointer<UInt8>) -> Bool { bytes.allSatisfy(isBlank) }

    private static func isBlank(_ byte: UInt8) -> Bool { byte == 0x20 || (0x09...0x0D).contains(byte) }
}
