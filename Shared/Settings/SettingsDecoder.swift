/// Makes typed settings from a given tree laid over a tree of defaults, and collects every problem on the way.
///
/// A value that is wrong is recorded and replaced by its default, so that the next one can be looked at;
/// whoever asks gets nothing as long as one problem is on record.
struct SettingsDecoder: Decoder {
    /// Thrown where no value can stand in for a wrong one, which is then already on record.
    struct Recorded: Error {}

    let log: SettingsProblemLog
    let given: SettingsNode?
    let defaults: SettingsNode?
    let path: [String]

    let codingPath: [any CodingKey] = []
    let userInfo: [CodingUserInfoKey: Any] = [:]

    func container<Key: CodingKey>(keyedBy type: Key.Type) throws -> KeyedDecodingContainer<Key> {
        if let given, given.entries == nil {
            log.wrongType(given, path, allowed: "a group of keys")
            throw Recorded()
        }
        return KeyedDecodingContainer(Keyed<Key>(decoder: self))
    }

    func unkeyedContainer() throws -> any UnkeyedDecodingContainer {
        guard let node = given ?? defaults, case .list(let nodes) = node.value else {
            if let given { log.wrongType(given, path, allowed: "a list") }
            throw Recorded()
        }
        return Unkeyed(decoder: self, nodes: nodes)
    }

    func singleValueContainer() -> any SingleValueDecodingContainer { Single(decoder: self) }
}

extension SettingsDecoder {
    /// The value of this place: given if it is right, otherwise the default.
    func value<T: Decodable>(_ type: T.Type) throws -> T {
        if type is any SettingsSection.Type, defaults?.value ?? .null == .null {
            // An optional section that is absent by default has its own defaults once it is given.
            let fresh = SettingsScalarReader.placeholder(type)
            return try SettingsDecoder(log: log, given: given, defaults: fresh, path: path).laidOver(type)
        }
        return try laidOver(type)
    }

    private func laidOver<T: Decodable>(_ type: T.Type) throws -> T {
        guard let given else { return try attempt(type) }
        do { return try attempt(type) } catch let error {
            if !(error is Recorded) { log.wrongType(given, path, allowed: Self.allowed(type)) }
            guard let defaults, defaults.value != .null else { throw Recorded() }
            return try SettingsDecoder(log: log, given: nil, defaults: defaults, path: path).attempt(type)
        }
    }

    private func attempt<T: Decodable>(_ type: T.Type) throws -> T {
        if let scalar = try SettingsScalarReader.read(type, given ?? defaults) { return scalar }
        let problemsBefore = log.problems.count
        let value = try T(from: self)
        if let section = value as? any SettingsSection {
            log.checkKeys(given, path, of: section)
            if log.problems.count == problemsBefore { log.validate(section, given, path) }
        }
        return value
    }

    /// What a key of this type may hold.
    static func allowed<T>(_ type: T.Type) -> String {
        if let cases = type as? any CaseIterable.Type {
            return "one of " + caseNames(cases).joined(separator: ", ")
        }
        return SettingsScalarReader.allowed(type)
    }

    private static func caseNames<T: CaseIterable>(_ type: T.Type) -> [String] {
        type.allCases.map { ($0 as? any RawRepresentable).map { "\($0.rawValue)" } ?? "\($0)" }
    }
}

extension SettingsDecoder {
    struct Keyed<Key: CodingKey>: KeyedDecodingContainerProtocol {
        let decoder: SettingsDecoder
        let codingPath: [any CodingKey] = []
        var allKeys: [Key] {
            ((decoder.given ?? decoder.defaults)?.entries ?? []).compactMap { Key(stringValue: $0.key) }
        }

        private func child(_ key: Key) -> SettingsDecoder {
            let name = key.settingsName
            return SettingsDecoder(
                log: decoder.log, given: decoder.given?[name], defaults: decoder.defaults?[name],
                path: decoder.path + [name])
        }

        func contains(_ key: Key) -> Bool { child(key).given != nil || child(key).defaults != nil }

        func decodeNil(forKey key: Key) -> Bool { (child(key).given ?? child(key).defaults)?.value ?? .null == .null }

        func decode<T: Decodable>(_ type: T.Type, forKey key: Key) throws -> T { try child(key).value(type) }

        func decodeIfPresent<T: Decodable>(_ type: T.Type, forKey key: Key) throws -> T? {
            try optional(type, key)
        }
        // Without these the protocol's own versions win, which do not record and go on.
        func decodeIfPresent(_ type: Bool.Type, forKey key: Key) throws -> Bool? { try optional(type, key) }
        func decodeIfPresent(_ type: String.Type, forKey key: Key) throws -> String? { try optional(type, key) }
        func decodeIfPresent(_ type: Double.Type, forKey key: Key) throws -> Double? { try optional(type, key) }
        func decodeIfPresent(_ type: Int.Type, forKey key: Key) throws -> Int? { try optional(type, key) }
        func decodeIfPresent(_ type: Int64.Type, forKey key: Key) throws -> Int64? { try optional(type, key) }

        private func optional<T: Decodable>(_ type: T.Type, _ key: Key) throws -> T? {
            if decodeNil(forKey: key) { return nil }
            // A wrong value is on record; nil lets the keys after it be looked at.
            do { return try child(key).value(type) } catch is Recorded { return nil }
        }

        func nestedContainer<K: CodingKey>(keyedBy: K.Type, forKey key: Key) throws -> KeyedDecodingContainer<K> {
            try child(key).container(keyedBy: K.self)
        }
        func nestedUnkeyedContainer(forKey key: Key) throws -> any UnkeyedDecodingContainer {
            try child(key).unkeyedContainer()
        }
        func superDecoder() -> any Decoder { decoder }
        func superDecoder(forKey key: Key) -> any Decoder { child(key) }
    }

    struct Unkeyed: UnkeyedDecodingContainer {
        let decoder: SettingsDecoder
        let nodes: [SettingsNode]
        let codingPath: [any CodingKey] = []
        var currentIndex = 0
        var count: Int? { nodes.count }
        var isAtEnd: Bool { currentIndex >= nodes.count }

        init(decoder: SettingsDecoder, nodes: [SettingsNode]) {
            self.decoder = decoder
            self.nodes = nodes
        }

        /// The decoder of the next element, whose defaults are those of a fresh element.
        private mutating func next<T>(_ type: T.Type) throws -> SettingsDecoder {
            guard currentIndex < nodes.count else { throw Recorded() }
            defer { currentIndex += 1 }
            return SettingsDecoder(
                log: decoder.log, given: nodes[currentIndex], defaults: SettingsScalarReader.placeholder(type),
                path: decoder.path + ["[\(currentIndex)]"])
        }

        mutating func decodeNil() -> Bool { false }
        mutating func decode<T: Decodable>(_ type: T.Type) throws -> T { try next(type).value(type) }
        mutating func nestedContainer<K: CodingKey>(keyedBy: K.Type) throws -> KeyedDecodingContainer<K> {
            try next(K.self).container(keyedBy: K.self)
        }
        mutating func nestedUnkeyedContainer() throws -> any UnkeyedDecodingContainer {
            try next(Int.self).unkeyedContainer()
        }
        func superDecoder() -> any Decoder { decoder }
    }

    struct Single: SingleValueDecodingContainer {
        let decoder: SettingsDecoder
        let codingPath: [any CodingKey] = []

        func decodeNil() -> Bool { (decoder.given ?? decoder.defaults)?.value ?? .null == .null }
        /// Throws without a record: the caller knows the whole type and what it allows.
        func decode<T: Decodable>(_ type: T.Type) throws -> T {
            if let scalar = try SettingsScalarReader.read(type, decoder.given ?? decoder.defaults) { return scalar }
            return try T(from: decoder)
        }
    }
}
