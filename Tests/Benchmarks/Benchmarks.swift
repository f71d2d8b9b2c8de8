import Glibc
import Support

/// `make bench`: what an event costs, in one run, so that the ratios can be trusted on a machine that is not quiet.
@main
struct BenchmarksMain {
    static func main() async {
        do {
            try await run(BenchmarkOptions(Array(CommandLine.arguments.dropFirst())))
        } catch {
            FileHandle.errors.write("bench: \(error)\n")
            exit(1)
        }
    }

    private static func run(_ options: BenchmarkOptions) async throws {
        let report = Report()
        report.line("BigBrotr, cost of an event: \(options.events) signed events, \(Processors.count) processors")
        let corpus = Corpus(events: options.events, seed: 1)
        report.line("corpus: \(corpus.samples.count) events, \(corpus.meanBytes) bytes mean")
        if options.onlyFreshness { return report.freshness(try await Freshness.measure()) }
        let verification = ClientCosts.verification(corpus)
        report.unit = verification
        report.table("client, one core", ClientCosts.rows(corpus, verification: verification))
        let store = try await StoreCosts.measure(corpus)
        report.table("store, all CPU of client, PgBouncer and PostgreSQL", store.rows)
        let whole = try await EndToEnd.measure(corpus)
        report.endToEnd(whole, verification: verification, store: store.newEvent)
        report.freshness(try await Freshness.measure())
    }
}

/// What the command line asks for.
struct BenchmarkOptions {
    /// Events in the corpus.
    var events = 40_000
    /// Nothing but the freshness.
    var onlyFreshness = false

    struct Unknown: Error, CustomStringConvertible {
        let argument: String
        var description: String { "unknown argument \(argument); usage: Benchmarks [--events N] [--freshness]" }
    }

    init(_ arguments: [String]) throws {
        var rest = arguments[...]
        while let argument = rest.popFirst() {
            if argument == "--freshness" {
                onlyFreshness = true
                continue
            }
            guard argument == "--events", let count = rest.popFirst().flatMap({ Int($0) }), count >= 1_000 else {
                throw Unknown(argument: argument)
            }
            events = count
        }
    }
}
