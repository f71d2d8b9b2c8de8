internal import FoundationEssentials

/// What a service remembers between its runs, kept as JSON in `service_state`; keys are properties in snake_case.
public protocol ServiceState: Codable, Sendable {
    /// The state before the first run.
    init()
    /// Unix seconds of the end of the last cycle; nil before the first.
    var lastRunAt: Int64? { get set }
}

/// The state of a service that has nothing to remember but its last run.
public struct PlainState: ServiceState, Equatable {
    /// Unix seconds of the end of the last cycle; nil before the first.
    public var lastRunAt: Int64?

    /// Before the first run.
    public init() {}
}

extension ServiceState {
    /// The state as a JSON object, keys sorted.
    public func json() throws -> [UInt8] {
        let encoder = JSONEncoder()
        encoder.keyEncodingStrategy = .convertToSnakeCase
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        return Array(try encoder.encode(self))
    }

    /// The state that a JSON object holds. Keys it lacks keep the value of a fresh state, so that a new release can
    /// read what an old one saved; keys it does not know are left out.
    public init(json: [UInt8]) throws {
        let decoder = JSONDecoder()
        let fresh = try decoder.decode(StateTree.self, from: Data(try Self().json()))
        let saved = try decoder.decode(StateTree.self, from: Data(json))
        decoder.keyDecodingStrategy = .convertFromSnakeCase
        self = try decoder.decode(Self.self, from: JSONEncoder().encode(fresh.overlaid(with: saved)))
    }
}

/// Any JSON value.
private indirect enum StateTree: Codable {
    case null
    case flag(Bool)
    case integer(Int64)
    case number(Double)
    case text(String)
    case list([StateTree])
    case object([String: StateTree])

    init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        if container.decodeNil() {
            self = .null
        } else if let value = try? container.decode(Bool.self) {
            self = .flag(value)
        } else if let value = try? container.decode(Int64.self) {
            self = .integer(value)
        } else if let value = try? container.decode(Double.self) {
            self = .number(value)
        } else if let value = try? container.decode(String.self) {
            self = .text(value)
        } else if let value = try? container.decode([StateTree].self) {
            self = .list(value)
        } else {
            self = .object(try container.decode([String: StateTree].self))
        }
    }

    func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        switch self {
        case .null: try container.encodeNil()
        case .flag(let value): try container.encode(value)
        case .integer(let value): try container.encode(value)
        case .number(let value): try container.encode(value)
        case .text(let value): try container.encode(value)
        case .list(let value): try container.encode(value)
        case .object(let value): try container.encode(value)
        }
    }

    /// The other tree, with the keys that its outermost object lacks taken from this one.
    func overlaid(with other: StateTree) -> StateTree {
        guard case .object(let mine) = self, case .object(let theirs) = other else { return other }
        return .object(mine.merging(theirs) { $1 })
    }
}
