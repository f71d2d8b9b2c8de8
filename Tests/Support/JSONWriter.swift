import Crypto

/// The JSON of NIP-01's canonical form, written the plain way: the seven named escapes, `\u00XX` for other controls,
/// all else
/// verbatim. For tests; the project's own writer and reader are compared with it.
public enum JSONWriter {
    /// Appends a string with its quotes.
    public static func append(_ text: String, to json: inout [UInt8]) {
        json.append(UInt8(ascii: "\""))
        for byte in text.utf8 {
            if let name = names[byte] {
                json += [UInt8(ascii: "\\"), name]
            } else if byte < 0x20 {
                json += [UInt8]("\\u00".utf8)
                Hex.append([byte], to: &json)
            } else {
                json.append(byte)
            }
        }
        json.append(UInt8(ascii: "\""))
    }

    /// Appends an array of arrays of strings, without blanks.
    public static func append(_ tags: [[String]], to json: inout [UInt8]) {
        append(tags, to: &json) { tag, json in append(tag, to: &json) { text, json in append(text, to: &json) } }
    }

    private static func append<Item>(_ items: [Item], to json: inout [UInt8], item: (Item, inout [UInt8]) -> Void) {
        json.append(UInt8(ascii: "["))
        for (index, value) in items.enumerated() {
            if index > 0 { json.append(UInt8(ascii: ",")) }
            item(value, &json)
        }
        json.append(UInt8(ascii: "]"))
    }

    private static let names: [UInt8: UInt8] = [
        0x22: UInt8(ascii: "\""), 0x5c: UInt8(ascii: "\\"), 0x08: UInt8(ascii: "b"), 0x09: UInt8(ascii: "t"),
        0x0a: UInt8(ascii: "n"), 0x0c: UInt8(ascii: "f"), 0x0d: UInt8(ascii: "r"),
    ]
}
