/// Turns a section into a tree: its defaults, its keys, its printout.
struct SettingsEncoder: Encoder {
    final class Box {
        var node = SettingsNode(.null)
    }

    let box = Box()
    let codingPath: [any CodingKey] = []
    let userInfo: [CodingUserInfoKey: Any] = [:]

    /// The tree of a value; keys in the order of its properties, absent optionals as null.
    static func tree<T: Encodable>(_ value: T) -> SettingsNode {
        if let scalar = value as? any SettingsScalar { return SettingsNode(.scalar(scalar.settingText, .plain)) }
        switch value {
        case let text as String: return SettingsNode(.scalar(text, .quoted))
        case let flag as Bool: return SettingsNode(.scalar(flag ? "true" : "false", .plain))
        case let number as Double: return SettingsNode(.scalar(SettingsNumber.text(number), .plain))
        case let number as any FixedWidthInteger: return SettingsNode(.scalar("\(number)", .plain))
        default: break
        }
        let encoder = SettingsEncoder()
        do { try value.encode(to: encoder) } catch {
            preconditionFailure("\(T.self) cannot be encoded: settings hold plain values only")
        }
        return encoder.box.node
    }

    func container<Key: CodingKey>(keyedBy type: Key.Type) -> KeyedEncodingContainer<Key> {
        box.node.value = .group([])
        return KeyedEncodingContainer(Keyed<Key>(box: box))
    }

    func unkeyedContainer() -> any UnkeyedEncodingContainer {
        box.node.value = .list([])
        return Unkeyed(box: box)
    }

    func singleValueContainer() -> any SingleValueEncodingContainer { Single(box: box) }
}

extension SettingsEncoder {
    struct Keyed<Key: CodingKey>: KeyedEncodingContainerProtocol {
        let box: Box
        let codingPath: [any CodingKey] = []

        func put(_ node: SettingsNode, _ key: Key) {
            let entry = SettingsNode.Entry(key: key.settingsName, line: nil, node: node)
            box.node.value = .group((box.node.entries ?? []) + [entry])
        }

        func encodeNil(forKey key: Key) { put(SettingsNode(.null), key) }
        func encode<T: Encodable>(_ value: T, forKey key: Key) { put(SettingsEncoder.tree(value), key) }
        // An absent optional keeps its key, otherwise a file could not set it.
        func encodeIfPresent<T: Encodable>(_ value: T?, forKey key: Key) {
            put(value.map { SettingsEncoder.tree($0) } ?? SettingsNode(.null), key)
        }
        func encodeIfPresent(_ value: Bool?, forKey key: Key) {
            put(value.map { SettingsEncoder.tree($0) } ?? SettingsNode(.null), key)
        }
        func encodeIfPresent(_ value: String?, forKey key: Key) {
            put(value.map { SettingsEncoder.tree($0) } ?? SettingsNode(.null), key)
        }
        func encodeIfPresent(_ value: Double?, forKey key: Key) {
            put(value.map { SettingsEncoder.tree($0) } ?? SettingsNode(.null), key)
        }
        func encodeIfPresent(_ value: Int?, forKey key: Key) {
            put(value.map { SettingsEncoder.tree($0) } ?? SettingsNode(.null), key)
        }
        func encodeIfPresent(_ value: Int64?, forKey key: Key) {
            put(value.map { SettingsEncoder.tree($0) } ?? SettingsNode(.null), key)
        }
        func nestedContainer<K: CodingKey>(keyedBy: K.Type, forKey key: Key) -> KeyedEncodingContainer<K> {
            preconditionFailure("settings use synthesised coding")
        }
        func nestedUnkeyedContainer(forKey key: Key) -> any UnkeyedEncodingContainer {
            preconditionFailure("settings use synthesised coding")
        }
        func superEncoder() -> any Encoder { preconditionFailure("settings are no classes") }
        func superEncoder(forKey key: Key) -> any Encoder { preconditionFailure("settings are no classes") }
    }

    struct Unkeyed: UnkeyedEncodingContainer {
        let box: Box
        let codingPath: [any CodingKey] = []
        var count: Int {
            if case .list(let nodes) = box.node.value { return nodes.count }
            return 0
        }

        func put(_ node: SettingsNode) {
            guard case .list(let nodes) = box.node.value else { return }
            box.node.value = .list(nodes + [node])
        }

        func encodeNil() { put(SettingsNode(.null)) }
        func encode<T: Encodable>(_ value: T) { put(SettingsEncoder.tree(value)) }
        func nestedContainer<K: CodingKey>(keyedBy: K.Type) -> KeyedEncodingContainer<K> {
            preconditionFailure("settings use synthesised coding")
        }
        func nestedUnkeyedContainer() -> any UnkeyedEncodingContainer {
            preconditionFailure("settings use synthesised coding")
        }
        func superEncoder() -> any Encoder { preconditionFailure("settings are no classes") }
    }

    struct Single: SingleValueEncodingContainer {
        let box: Box
        let codingPath: [any CodingKey] = []

        func encodeNil() { box.node = SettingsNode(.null) }
        func encode<T: Encodable>(_ value: T) { box.node = SettingsEncoder.tree(value) }
    }
}
