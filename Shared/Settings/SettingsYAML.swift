import Yams

/// Reads YAML text into a tree, within bounds.
enum SettingsYAML {
    /// Nodes of one file after its aliases are followed.
    static let maxNodes = 10_000
    /// Groups and lists within each other.
    static let maxDepth = 16

    /// The tree of a text that holds one document or none.
    static func tree(_ text: String, source: String) throws(SettingsError) -> SettingsNode {
        var reader = Reader(source: source)
        let root: Node?
        do {
            root = try Parser(yaml: text, encoding: .utf8).singleRoot()
        } catch {
            throw SettingsError([problem(error, source: source)])
        }
        guard let root else { return SettingsNode(.null, .file(line: nil)) }
        let tree = reader.node(root, depth: 0)
        guard reader.problems.isEmpty else { throw SettingsError(reader.problems) }
        return tree
    }

    private static func problem(_ error: any Error, source: String) -> SettingsProblem {
        func syntax(_ line: Int?, _ given: String) -> SettingsProblem {
            SettingsProblem(
                kind: .syntax, source: source, line: line, key: "", given: given, allowed: "one document of valid YAML")
        }
        switch error as? YamlError {
        case .scanner(_, let problem, let mark, _), .parser(_, let problem, let mark, _),
            .composer(_, let problem, let mark, _):
            return syntax(mark.line, problem)
        case .duplicatedKeysInMapping(let keys, let context):
            return SettingsProblem(
                kind: .duplicateKey, source: source, line: context.mark.line, key: keys.joined(separator: ", "),
                given: "twice in one group", allowed: "each key once")
        case .reader(let problem, _, _, _):
            return syntax(nil, problem)
        default:
            return syntax(nil, "text that is no YAML")
        }
    }

    /// Copies nodes one by one and stops counting at the bounds, so that aliases of aliases cannot multiply.
    private struct Reader {
        let source: String
        var problems: [SettingsProblem] = []
        var remaining = maxNodes

        mutating func node(_ node: Node, depth: Int) -> SettingsNode {
            let origin = SettingsNode.Origin.file(line: node.mark?.line)
            guard problems.isEmpty else { return SettingsNode(.null, origin) }
            remaining -= 1
            guard remaining >= 0, depth <= maxDepth else {
                report(node, "more than \(maxNodes) values or \(maxDepth) levels, aliases followed", "less")
                return SettingsNode(.null, origin)
            }
            switch node {
            case .scalar(let scalar):
                return SettingsNode(value(scalar, node), origin)
            case .sequence(let sequence):
                return SettingsNode(.list(sequence.map { self.node($0, depth: depth + 1) }), origin)
            case .mapping(let mapping):
                return SettingsNode(.group(mapping.map { entry($0.key, $0.value, depth: depth) }), origin)
            case .alias:
                report(node, "an alias without a value", "an alias of an anchor above")
                return SettingsNode(.null, origin)
            }
        }

        private mutating func entry(_ key: Node, _ value: Node, depth: Int) -> SettingsNode.Entry {
            guard case .scalar(let scalar) = key, scalar.string.utf8.count <= 200 else {
                report(key, "a key that is no short text", "keys of letters")
                return SettingsNode.Entry(key: "", line: key.mark?.line, node: SettingsNode(.null))
            }
            return SettingsNode.Entry(
                key: scalar.string, line: key.mark?.line, node: node(value, depth: depth + 1))
        }

        private mutating func value(_ scalar: Node.Scalar, _ node: Node) -> SettingsNode.Value {
            let tag = scalar.tag.rawValue
            guard tag == Tag.Name.implicit.rawValue || tag == Tag.Name.str.rawValue else {
                report(node, "the tag \(tag.prefix(80))", "values without tags")
                return .null
            }
            guard scalar.style == .plain, tag == Tag.Name.implicit.rawValue else {
                return .scalar(scalar.string, .quoted)
            }
            return ["", "~", "null", "Null", "NULL"].contains(scalar.string) ? .null : .scalar(scalar.string, .plain)
        }

        private mutating func report(_ node: Node, _ given: String, _ allowed: String) {
            problems.append(
                SettingsProblem(
                    kind: .syntax, source: source, line: node.mark?.line, key: "", given: given, allowed: allowed))
        }
    }
}
