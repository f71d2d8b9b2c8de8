/// Each executable appears in every place that makes it run, and no place speaks of one that is gone.
struct Parity {
    /// A place where all executables stand.
    struct Place {
        /// What it is, for the message.
        var what: String
        /// Its text; nil when the file does not exist.
        var text: String?
    }

    /// Product names, for example `bigbrotr-finder`.
    let products: [String]

    /// Name of a product's files: `bigbrotr-priority-synchronizer` has `priority_synchronizer`.
    static func fileName(_ product: String) -> String {
        product.replacing("bigbrotr-", with: "", maxReplacements: 1).replacing("-", with: "_")
    }

    /// Products without a YAML file in `folder`, and YAML files without a product.
    func configViolations(folder: String, paths: [String]) -> [Violation] {
        let expected = Set(products.map { "\(folder)/\(Self.fileName($0)).yaml" })
        let present = Set(paths.filter { $0.hasPrefix(folder + "/") && $0.hasSuffix(".yaml") })
        let absent = expected.subtracting(present).sorted()
        return absent.map { violation($0, "is missing; every executable ships its configuration") }
            + present.subtracting(expected).sorted().map { violation($0, "belongs to no executable") }
    }

    /// Products that a place names, as a whole word, neither by product nor by file name; an absent place lacks all.
    func violations(in place: Place) -> [Violation] {
        guard let text = place.text else { return [violation(place.what, "does not exist")] }
        let words = Set(text.split { !($0.isLetter || $0.isNumber || $0 == "-" || $0 == "_") }.map(String.init))
        let absent = products.filter { !words.contains($0) && !words.contains(Self.fileName($0)) }
        return absent.map { violation(place.what, "does not name \($0)") }
    }

    private func violation(_ path: String, _ message: String) -> Violation {
        Violation(path: path, line: 0, rule: "parity", message: message)
    }
}
