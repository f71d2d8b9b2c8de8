/// What the command line asks for.
struct BenchmarkOptions {
    /// Events in the corpus.
    var events = 40_000
    /// Events that are stored beforehand where that is measured.
    var storedEvents = 3_000_000
    /// Stored events that the Finder reads.
    var scannedEvents = 1_000_000
    /// Relays that one synchronizer follows.
    var relays = 500
    /// What is run: all that is quick where nothing is named.
    var parts: Set<BenchmarkPart>

    struct Unknown: Error, CustomStringConvertible {
        let argument: String
        var description: String {
            let parts = BenchmarkPart.allCases.map { " [--\($0.rawValue)]" }.joined()
            return "unknown argument \(argument); usage: Benchmarks [--events N] [--stored-events N]"
                + " [--scanned-events N] [--relays N]\(parts)"
        }
    }

    init(_ arguments: [String]) throws {
        var rest = arguments[...]
        var named: Set<BenchmarkPart> = []
        while let argument = rest.popFirst() {
            if argument.hasPrefix("--"), let part = BenchmarkPart(rawValue: String(argument.dropFirst(2))) {
                named.insert(part)
                continue
            }
            let number = rest.popFirst().flatMap { Int($0) } ?? 0
            switch argument {
            case "--events" where number >= 1_000: events = number
            case "--stored-events" where number >= 1_000: storedEvents = number
            case "--scanned-events" where number >= 1_000: scannedEvents = number
            case "--relays" where number >= 1: relays = number
            default: throw Unknown(argument: argument)
            }
        }
        parts = named.isEmpty ? Set(BenchmarkPart.allCases.filter(\.isQuick)) : named
    }
}
