/// A way through JSON to the strings that are wanted: "[]" every element of an array, "relays[].url", "data.relays[]",
/// "{}" every key of an object. The empty path is the value itself.
public struct JSONPath: Sendable, Equatable {
    /// One step of the way.
    enum Part: Sendable, Equatable {
        /// The value of a key.
        case member([UInt8])
        /// Each element of an array.
        case elements
        /// Each key of an object; the last step.
        case keys
    }

    /// Steps of a path at most.
    public static let mostParts = 16

    let parts: [Part]

    /// nil for a text that is no path: names are letters, digits, "_" and "-", with points between them.
    public init?(_ text: String) {
        var parts: [Part] = []
        var rest = Array(text.utf8)[...]
        while let first = rest.first {
            guard parts.count < Self.mostParts, parts.last != .keys else { return nil }
            if rest.starts(with: "[]".utf8) {
                parts.append(.elements)
                rest = rest.dropFirst(2)
            } else if rest.starts(with: "{}".utf8) {
                parts.append(.keys)
                rest = rest.dropFirst(2)
            } else {
                if !parts.isEmpty {
                    guard first == UInt8(ascii: ".") else { return nil }
                    rest = rest.dropFirst()
                }
                let name = rest.prefix(while: Self.isNameByte)
                guard !name.isEmpty else { return nil }
                parts.append(.member(Array(name)))
                rest = rest.dropFirst(name.count)
            }
        }
        self.parts = parts
    }

    /// The way along names of any letters, and to the elements of an array at its end.
    init(members: [String], hasElements: Bool = false) {
        parts = members.map { .member(Array($0.utf8)) } + (hasElements ? [.elements] : [])
    }

    private static func isNameByte(_ byte: UInt8) -> Bool {
        switch byte {
        case 0x30...0x39, 0x41...0x5A, 0x61...0x7A, UInt8(ascii: "_"), UInt8(ascii: "-"): true
        default: false
        }
    }
}
