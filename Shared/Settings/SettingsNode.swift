/// A configuration as a tree, whatever it came from; each node knows its place.
struct SettingsNode: Sendable, Equatable {
    /// Where a value was given.
    enum Origin: Sendable, Equatable {
        case file(line: Int?)
        case environment(variable: String)
        case builtIn
    }

    /// How a scalar was written, which decides what it may mean.
    enum Form: Sendable, Equatable {
        /// Without quotes: a number, true or false, or a text that looks like none of these.
        case plain
        /// In quotes or as a block: a text.
        case quoted
        /// From the environment, where everything is text: whatever the key asks for.
        case free
    }

    indirect enum Value: Sendable, Equatable {
        case null
        case scalar(String, Form)
        case list([SettingsNode])
        case group([Entry])
    }

    /// One key of a group with its value.
    struct Entry: Sendable, Equatable {
        let key: String
        let line: Int?
        var node: SettingsNode
    }

    var value: Value
    var origin: Origin

    init(_ value: Value, _ origin: Origin = .builtIn) {
        self.value = value
        self.origin = origin
    }

    /// The keys of a group; empty for a key that is given without a value; nil for anything else.
    var entries: [Entry]? {
        switch value {
        case .group(let entries): entries
        case .null: []
        default: nil
        }
    }

    /// The line of the file, where there is one.
    var line: Int? {
        if case .file(let line) = origin { return line }
        return nil
    }

    /// The value under a key of a group.
    subscript(key: String) -> SettingsNode? { entries?.first { $0.key == key }?.node }

    /// How an error names this value: bounded, and without passwords of addresses.
    var shown: String {
        switch value {
        case .null: return "nothing"
        case .list: return "a list"
        case .group: return "a group of keys"
        case .scalar(let text, let form):
            let hidden = ProxyAddress.withoutPassword(text)
            let short = hidden.count > 80 ? hidden.prefix(80) + "..." : hidden
            return form == .quoted ? "\"\(short)\"" : short
        }
    }

    /// Takes these keys out of a group; leaves anything else alone.
    mutating func remove(_ keys: Set<String>) {
        guard case .group(let entries) = value else { return }
        value = .group(entries.filter { !keys.contains($0.key) })
    }

    /// Puts a scalar under a path of keys, making the groups on the way; leaves the tree alone where the path
    /// meets something that is no group (that is then reported as what it is).
    mutating func put(_ leaf: SettingsNode, at path: ArraySlice<String>) {
        guard let key = path.first else { self = leaf; return }
        guard var entries else { return }
        if let index = entries.firstIndex(where: { $0.key == key }) {
            entries[index].node.put(leaf, at: path.dropFirst())
        } else {
            var child = SettingsNode(.null, leaf.origin)
            child.put(leaf, at: path.dropFirst())
            entries.append(Entry(key: key, line: nil, node: child))
        }
        value = .group(entries)
    }
}
