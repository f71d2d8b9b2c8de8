/// Writes small databases of addresses in MaxMind's format, version 2
/// (https://maxmind.github.io/MaxMind-DB/), so that tests need none of the real ones.
public enum MaxMindFile {
    /// A value of a database.
    public indirect enum Value: Sendable {
        /// UTF-8.
        case text(String)
        /// 8 bytes.
        case double(Double)
        /// At most 16 bits.
        case short(UInt16)
        /// At most 32 bits.
        case number(UInt32)
        /// At most 64 bits.
        case long(UInt64)
        /// Keys in the order of writing.
        case map([(String, Value)])
        /// A list.
        case list([Value])
    }

    /// A node of the search tree: for each bit where to go on.
    private enum Branch {
        case nothing
        case node(Int)
        case data(Int)
    }

    /// The bytes of a file.
    /// - Parameter rows: prefixes that do not overlap, IPv4 (4 bytes) below ::/96 as in the real ones, and what stands
    ///   at them.
    public static func bytes(_ rows: [(address: [UInt8], prefixBits: Int, value: Value)], type: String) -> [UInt8] {
        var nodes: [[Branch]] = [[.nothing, .nothing]]
        var data: [UInt8] = []
        for row in rows {
            let isIPv4 = row.address.count == 4
            let address = (isIPv4 ? [UInt8](repeating: 0, count: 12) : []) + row.address
            insert(address, row.prefixBits + (isIPv4 ? 96 : 0), data.count, into: &nodes)
            data += encoded(row.value)
        }
        let tree = nodes.flatMap { $0.flatMap { record($0, nodes.count) } }
        let metadata = Value.map([
            ("binary_format_major_version", .short(2)), ("binary_format_minor_version", .short(0)),
            ("build_epoch", .long(1_700_000_000)), ("database_type", .text(type)),
            ("description", .map([("en", .text("test"))])), ("ip_version", .short(6)),
            ("languages", .list([.text("en")])), ("node_count", .number(UInt32(nodes.count))),
            ("record_size", .short(24)),
        ])
        return tree + [UInt8](repeating: 0, count: 16) + data + [0xAB, 0xCD, 0xEF] + Array("MaxMind.com".utf8)
            + encoded(metadata)
    }

    /// What a file of cities holds about one place.
    public static func city(
        _ country: String, _ name: String, region: String, city: String, latitude: Double, longitude: Double
    ) -> Value {
        .map([
            ("city", .map([("names", .map([("en", .text(city))]))])),
            ("country", .map([("iso_code", .text(country)), ("names", .map([("en", .text(name))]))])),
            ("location", .map([("latitude", .double(latitude)), ("longitude", .double(longitude))])),
            ("subdivisions", .list([.map([("names", .map([("en", .text(region))]))])])),
        ])
    }

    /// What a file of autonomous systems holds about one of them.
    public static func system(_ number: UInt32, _ organisation: String) -> Value {
        .map([
            ("autonomous_system_number", .number(number)), ("autonomous_system_organization", .text(organisation)),
        ])
    }

    private static func insert(_ address: [UInt8], _ bits: Int, _ data: Int, into nodes: inout [[Branch]]) {
        var node = 0
        for place in 0..<bits {
            let side = Int(address[place / 8] >> UInt8(7 - place % 8) & 1)
            if place == bits - 1 {
                nodes[node][side] = .data(data)
            } else if case .node(let next) = nodes[node][side] {
                node = next
            } else {
                nodes.append([.nothing, .nothing])
                nodes[node][side] = .node(nodes.count - 1)
                node = nodes.count - 1
            }
        }
    }

    /// 24 bits: a node, the number of nodes for nothing, or more for data, which begins behind 16 zero bytes.
    private static func record(_ branch: Branch, _ nodeCount: Int) -> [UInt8] {
        let value =
            switch branch {
            case .nothing: nodeCount
            case .node(let node): node
            case .data(let position): nodeCount + 16 + position
            }
        return [16, 8, 0].map { UInt8(value >> $0 & 0xFF) }
    }

    private static func encoded(_ value: Value) -> [UInt8] {
        switch value {
        case .text(let text): head(2, text.utf8.count) + Array(text.utf8)
        case .double(let number): head(3, 8) + big(number.bitPattern, 8)
        case .short(let number): head(5, 2) + big(UInt64(number), 2)
        case .long(let number): head(9, 8) + big(number, 8)
        case .number(let number): head(6, 4) + big(UInt64(number), 4)
        case .map(let members): head(7, members.count) + members.flatMap { encoded(.text($0.0)) + encoded($0.1) }
        case .list(let values): head(11, values.count) + values.flatMap(encoded)
        }
    }

    /// Type and size; types above 7 stand in a byte of their own, sizes above 28 too (up to 284).
    private static func head(_ type: UInt8, _ count: Int) -> [UInt8] {
        let (size, more) = count < 29 ? (UInt8(count), []) : (29, [UInt8(count - 29)])
        return (type <= 7 ? [type << 5 | size] : [size, type - 7]) + more
    }

    private static func big(_ number: UInt64, _ count: Int) -> [UInt8] {
        (0..<count).reversed().map { UInt8(number >> UInt64($0 * 8) & 0xFF) }
    }
}
