/// Taking the members of a document, each by its own rule.
extension NIP11Document {
    /// Reads all members.
    /// - Parameter depth: most levels of JSON.
    /// - Returns: what ended the reading; nil when it came to the end of the object.
    /// - Throws: when this is no object.
    mutating func read(_ bytes: UnsafeBufferPointer<UInt8>, depth: Int) throws(NIP11Error) -> JSONFault? {
        var start = JSONScanner(bytes)
        if start.hasByteOrderMark {
            start.position = 3
            note("document", "byte_order_mark")
        }
        start.skipBlanks()
        guard start.position < bytes.count else { throw .empty }
        guard start.current == UInt8(ascii: "{") else { throw .notAnObject }
        var reader = JSONReader(bytes, at: start.position)
        var names: Set<[UInt8]> = []
        do throws(JSONFault) {
            try reader.object(depth: depth) { (reader, name) throws(JSONFault) in
                reader.marks = []
                reader.hugeNumbers = 0
                let value = try reader.value(depth: depth - 1)
                let label = Self.isKnown(name) ? name : "document"
                let isRepeated = !names.insert(Array(name.utf8)).inserted
                if isRepeated { note(label, "duplicate_key") }
                if reader.marks.contains(.nul) { note(label, "nul") }
                if reader.marks.contains(.loneSurrogate) { note(label, "lone_surrogate") }
                if reader.hugeNumbers > 0 { note(label, "number_out_of_range") }
                take(name, value, isRepeated: isRepeated)
            }
        } catch { return error }
        if !reader.isAtEnd() { note("document", "trailing_bytes") }
        return nil
    }

    private static func isKnown(_ name: String) -> Bool {
        Text(rawValue: name) != nil || List(rawValue: name) != nil || others.contains(name)
    }

    private static let others: Set = ["supported_nips", "limitation", "fees", "retention"]

    /// Of a member that stands twice the last one counts, as in JavaScript.
    private mutating func take(_ name: String, _ value: JSONValue, isRepeated: Bool) {
        if let text = Text(rawValue: name) {
            texts[text] = self.text(name, value)
            if let key = texts[text], text == .pubkey || text == .relayKey { checkKey(name, key) }
        } else if let list = List(rawValue: name) {
            lists[list] = self.list(name, value)
        } else {
            switch name {
            case "supported_nips": supportedNIPs = numbers(name, value)
            case "limitation": limitation = checkedLimitation(value)
            case "fees": fees = checkedFees(value)
            case "retention": retention = checkedRetention(value)
            default:
                if isRepeated { extras.removeAll { $0.name.utf8.elementsEqual(name.utf8) } }
                guard extras.count < Self.maxExtras else { return note("document", "too_many_members") }
                extras.append(JSONValue.Member(name, value))
            }
        }
    }

    private mutating func text(_ name: String, _ value: JSONValue) -> String? {
        switch value {
        case .string(let text): return text
        case .null: return nil
        case .number(let number):
            note(name, "not_a_string")
            return number.text
        default:
            note(name, "not_a_string")
            return nil
        }
    }

    /// 64 small hex digits, by NIP-11; many documents have something else.
    private mutating func checkKey(_ name: String, _ key: String) {
        let isHex = key.utf8.allSatisfy { byte in
            switch byte {
            case 0x30...0x39, 0x41...0x46, 0x61...0x66: true
            default: false
            }
        }
        if key.isEmpty {
            note(name, "empty")
        } else if key.hasPrefix("npub1") {
            note(name, "npub")
        } else if !isHex {
            note(name, "not_hex")
        } else if key.utf8.count != 64 {
            note(name, "not_64_digits")
        } else if key.utf8.contains(where: { (0x41...0x46).contains($0) }) {
            note(name, "uppercase_hex")
        }
    }

    private mutating func list(_ name: String, _ value: JSONValue) -> [String]? {
        guard let values = elements(name, value) else { return nil }
        var texts: [String] = []
        for value in values {
            if case .string(let text) = value { texts.append(text) } else { note(name, "element_not_a_string") }
        }
        return texts
    }

    private mutating func numbers(_ name: String, _ value: JSONValue) -> [Int32]? {
        guard let values = elements(name, value) else { return nil }
        var numbers: [Int32] = []
        var seen: Set<Int32> = []
        for value in values {
            guard let number = number(name, value), seen.insert(number).inserted else { continue }
            numbers.append(number)
        }
        return numbers
    }

    /// A NIP's number. Some are named in hex letters ("7D"): those that are no number are a defect and no number.
    private mutating func number(_ name: String, _ value: JSONValue) -> Int32? {
        let found: Int64?
        switch value {
        case .number(let number):
            found = number.integer
            if !number.isPlainInteger { note(name, "element_not_an_integer") }
        case .string(let text):
            found = Int64(text)
            note(name, found == nil ? "element_not_a_number" : "element_is_a_string")
        default:
            note(name, "element_not_an_integer")
            return nil
        }
        guard let found else { return nil }
        guard (0...65_535).contains(found) else {
            note(name, "element_out_of_range")
            return nil
        }
        return Int32(found)
    }

    /// The elements of a list; one value that is no list counts as a list of one.
    private mutating func elements(_ name: String, _ value: JSONValue) -> [JSONValue]? {
        switch value {
        case .array(let values):
            if values.count > Self.maxElements { note(name, "too_long") }
            return Array(values.prefix(Self.maxElements))
        case .null: return nil
        case .number, .string:
            note(name, "not_a_list")
            return [value]
        default:
            note(name, "not_a_list")
            return nil
        }
    }
}
