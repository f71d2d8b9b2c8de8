/// The parameters of one statement, encoded one behind the other in one buffer.
///
/// Small statements build it from `SQLValue`s; a batch appends whole columns without making a value for each element.
public struct SQLParameters: Sendable {
    /// Where one parameter lies in the buffer.
    struct Slot: Sendable {
        var type: SQLType
        var start: Int
        /// -1 stands for NULL.
        var length: Int
    }

    private(set) var writer = WireWriter()
    private(set) var slots: [Slot] = []
    /// Why these parameters cannot be sent, found while encoding.
    private(set) var problem: EncodingProblem?
    /// Identifiers of the types that are known by name only.
    private let namedTypes: NamedTypes

    /// An empty list. `namedTypes` is needed only for types of our own schema (`Pool.namedTypes()`).
    public init(namedTypes: NamedTypes = NamedTypes()) { self.namedTypes = namedTypes }

    /// Encodes the values in order.
    public init(_ values: [SQLValue], namedTypes: NamedTypes = NamedTypes()) {
        self.init(namedTypes: namedTypes)
        for value in values { append(value) }
    }

    /// How many parameters there are.
    public var count: Int { slots.count }

    /// Bytes of all parameters together.
    public var byteCount: Int { writer.bytes.count }

    /// Makes room for `bytes` more, before a batch.
    public mutating func reserve(bytes: Int) { writer.reserve(bytes) }

    /// Adds one scalar; nil is NULL.
    public mutating func append<Value: SQLEncodable>(_ value: Value?) {
        let start = writer.bytes.count
        if let value { value.encode(into: &writer) }
        close(Value.sqlType, start, isNull: value == nil)
    }

    /// Adds a whole column as an array; `element` gives NULL by nil.
    @inline(__always)
    public mutating func appendColumn<Value: SQLEncodable>(
        _ type: Value.Type, count: Int, _ element: (Int) -> Value?
    ) {
        let start = writer.bytes.count
        writer.array(of: Value.sqlType.identifier, count: count) { index, writer in
            guard let value = element(index) else { return false }
            value.encode(into: &writer)
            return true
        }
        close(Value.sqlType.array, start, isNull: false)
    }

    /// Adds NULL of an array type.
    public mutating func appendNull<Value: SQLEncodable>(_ type: [Value].Type) {
        close(Value.sqlType.array, writer.bytes.count, isNull: true)
    }

    /// Adds a column of tag keys, `tagset[]`.
    public mutating func appendTagSets(count: Int, _ element: (Int) -> [Int64]?) {
        guard let set = namedTypes[.tagSet], let setArray = namedTypes[.tagSetArray] else {
            fail(.unknownType)
            return close(.tagSetArray, writer.bytes.count, isNull: true)
        }
        let start = writer.bytes.count
        writer.array(of: set, count: count) { index, writer in
            guard let keys = element(index) else { return false }
            writer.tagSet(keys)
            return true
        }
        close(SQLType.tagSetArray.known(as: setArray), start, isNull: false)
    }

    mutating func fail(_ problem: EncodingProblem) { self.problem = self.problem ?? problem }

    private mutating func close(_ type: SQLType, _ start: Int, isNull: Bool) {
        let length = writer.bytes.count - start
        // The protocol counts a parameter's bytes in 31 bits; the server's own limit is 1 GiB.
        if length > 1 << 30 { fail(.tooLarge) }
        slots.append(Slot(type: type, start: start, length: isNull ? -1 : length))
    }
}

/// Why parameters cannot be encoded.
enum EncodingProblem: String, Sendable {
    case nul = "text with NUL"
    case tooLarge = "parameter over 1 GiB"
    case unknownType = "type not looked up"
}

/// Identifiers of the types of our own schema, as one database numbers them.
public struct NamedTypes: Sendable {
    private var identifiers: [String: UInt32]

    /// From names and identifiers.
    public init(_ identifiers: [String: UInt32] = [:]) { self.identifiers = identifiers }

    /// The identifier of a type by its name; nil where the schema has none.
    public subscript(type: SQLType) -> UInt32? { identifiers[type.name] }
}

extension WireWriter {
    /// A composite of one column `bigint[]`, without its own length.
    mutating func tagSet(_ keys: [Int64]) {
        reserve(32 + keys.count * 12)
        integer(Int32(1))
        integer(SQLType.int8Array.identifier)
        measured { writer in
            writer.array(of: SQLType.int8.identifier, count: keys.count) { index, writer in
                writer.integer(keys[index])
                return true
            }
        }
    }
}
