/// Prints effective settings as YAML that loads again to the same values.
public enum SettingsPrinter {
    /// All keys of a section, one a line, in the order of its properties; passwords in addresses as dots.
    public static func text<T: SettingsSection>(_ settings: T) -> String {
        lines(SettingsEncoder.tree(settings), indent: 0).joined(separator: "\n") + "\n"
    }

    private static func lines(_ node: SettingsNode, indent: Int) -> [String] {
        let margin = String(repeating: " ", count: indent)
        switch node.value {
        case .group(let entries):
            return entries.flatMap { entry in labelled("\(margin)\(entry.key):", entry.node, indent: indent) }
        case .list(let nodes):
            return nodes.flatMap { item -> [String] in
                guard let entries = item.entries, !entries.isEmpty else { return ["\(margin)- \(inline(item))"] }
                var block = lines(item, indent: indent + 2)
                block[0] = "\(margin)- " + block[0].dropFirst(indent + 2)
                return block
            }
        case .scalar, .null:
            return [margin + inline(node)]
        }
    }

    private static func labelled(_ label: String, _ node: SettingsNode, indent: Int) -> [String] {
        switch node.value {
        case .group(let entries) where !entries.isEmpty: [label] + lines(node, indent: indent + 2)
        case .list(let nodes) where !nodes.isEmpty: [label] + lines(node, indent: indent + 2)
        default: ["\(label) \(inline(node))"]
        }
    }

    private static func inline(_ node: SettingsNode) -> String {
        switch node.value {
        case .null: "null"
        case .group: "{}"
        case .list: "[]"
        case .scalar(let text, .quoted): quoted(ProxyAddress.withoutPassword(text))
        case .scalar(let text, _): text
        }
    }

    /// Double quotes, the only YAML style that can hold every text on one line.
    private static func quoted(_ text: String) -> String {
        var result = "\""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\"", "\\": result += "\\\(scalar)"
            case "\n": result += "\\n"
            case "\t": result += "\\t"
            case _ where scalar.value < 0x20 || scalar.value == 0x7F:
                let digits = String(scalar.value, radix: 16)
                result += "\\x" + (digits.count < 2 ? "0" : "") + digits
            default: result.unicodeScalars.append(scalar)
            }
        }
        return result + "\""
    }
}
