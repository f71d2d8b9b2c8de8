/// Settings given by a program instead of a file, written as literals.
public indirect enum SettingsValue: Sendable, Equatable {
    /// Nothing.
    case null
    /// A text, also where it looks like a number.
    case text(String)
    /// true or false.
    case flag(Bool)
    /// A whole number.
    case integer(Int)
    /// A number with or without a fraction.
    case number(Double)
    /// Values in order.
    case list([SettingsValue])
    /// Values by key.
    case group([String: SettingsValue])

    var node: SettingsNode {
        switch self {
        case .null: SettingsNode(.null)
        case .text(let text): SettingsNode(.scalar(text, .quoted))
        case .flag(let flag): SettingsNode(.scalar(flag ? "true" : "false", .plain))
        case .integer(let number): SettingsNode(.scalar(String(number), .plain))
        case .number(let number): SettingsNode(.scalar(SettingsNumber.text(number), .plain))
        case .list(let values): SettingsNode(.list(values.map(\.node)))
        case .group(let values):
            SettingsNode(
                .group(
                    values.sorted { $0.key < $1.key }.map {
                        SettingsNode.Entry(key: $0.key, line: nil, node: $0.value.node)
                    }))
        }
    }
}

extension SettingsValue: ExpressibleByStringLiteral, ExpressibleByBooleanLiteral, ExpressibleByIntegerLiteral,
    ExpressibleByFloatLiteral, ExpressibleByArrayLiteral, ExpressibleByDictionaryLiteral, ExpressibleByNilLiteral
{
    /// A text.
    public init(stringLiteral value: String) { self = .text(value) }
    /// true or false.
    public init(booleanLiteral value: Bool) { self = .flag(value) }
    /// A whole number.
    public init(integerLiteral value: Int) { self = .integer(value) }
    /// A number.
    public init(floatLiteral value: Double) { self = .number(value) }
    /// A list.
    public init(arrayLiteral elements: SettingsValue...) { self = .list(elements) }
    /// A group of keys; of equal keys the last one counts.
    public init(dictionaryLiteral elements: (String, SettingsValue)...) {
        self = .group(Dictionary(elements, uniquingKeysWith: { _, last in last }))
    }
    /// No value.
    public init(nilLiteral: ()) { self = .null }
}
