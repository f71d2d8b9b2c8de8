extension JSONValue {
    /// The value of a whole JSON text; nil when it is none, or opens more levels than `depth`.
    public init?(json: [UInt8], depth: Int = JSONDepth.usual) {
        let value = json.withUnsafeBufferPointer { bytes -> JSONValue? in
            var reader = JSONReader(bytes)
            // Blanks before the value are skipped as those behind it.
            guard !reader.isAtEnd(), let value = try? reader.value(depth: depth), reader.isAtEnd() else { return nil }
            return value
        }
        guard let value else { return nil }
        self = value
    }

    /// The text that it is; nil for anything else.
    public var text: String? { if case .string(let text) = self { text } else { nil } }

    /// The elements that it has; empty for anything else.
    public var elements: [JSONValue] { if case .array(let values) = self { values } else { [] } }
}
