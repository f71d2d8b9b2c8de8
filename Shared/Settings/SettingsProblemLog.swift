/// The problems of one load, in the order they are found.
///
/// A class because the copies of a decoder share it; it never leaves the call that made it.
final class SettingsProblemLog {
    let source: String
    private(set) var problems: [SettingsProblem] = []

    init(source: String) { self.source = source }

    func wrongType(_ node: SettingsNode, _ path: [String], allowed: String) {
        add(.wrongType, node, path, line: node.line, given: node.shown, allowed: allowed)
    }

    /// Records the keys of a group that its section does not know.
    func checkKeys<S: SettingsSection>(_ given: SettingsNode?, _ path: [String], of section: S) {
        guard let entries = given?.entries, !entries.isEmpty else { return }
        let known = (SettingsEncoder.tree(section).entries ?? []).map(\.key)
        for entry in entries where !known.contains(entry.key) {
            let allowed = "one of the keys " + known.joined(separator: ", ")
            add(
                .unknownKey, entry.node, path + [entry.key], line: entry.line, given: "an unknown key",
                allowed: known.isEmpty ? "no key here" : allowed)
        }
    }

    /// Records the ranges and relations that a section does not keep.
    func validate(_ section: some SettingsSection, _ given: SettingsNode?, _ path: [String]) {
        var validation = Validation()
        section.validate(into: &validation)
        for finding in validation.findings {
            let keys = finding.key.isEmpty ? [] : finding.key.split(separator: ".").map(String.init)
            var node = given
            var line = given?.line
            for key in keys {
                line = node?.entries?.first { $0.key == key }?.line ?? line
                node = node?[key]
            }
            add(
                finding.isContradiction ? .contradiction : .outOfRange, node ?? SettingsNode(.null), path + keys,
                line: line, given: finding.given, allowed: finding.allowed)
        }
    }

    private func add(
        _ kind: SettingsProblem.Kind, _ node: SettingsNode, _ path: [String], line: Int?, given: String, allowed: String
    ) {
        let key = path.reduce("") { $1.hasPrefix("[") || $0.isEmpty ? $0 + $1 : "\($0).\($1)" }
        if case .environment(let variable) = node.origin {
            problems.append(
                SettingsProblem(
                    kind: kind, source: Environment.sourceName, key: variable, given: given, allowed: allowed))
        } else {
            problems.append(
                SettingsProblem(kind: kind, source: source, line: line, key: key, given: given, allowed: allowed))
        }
    }
}
