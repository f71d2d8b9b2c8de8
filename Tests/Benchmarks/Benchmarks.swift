import Glibc
import Support

/// `make bench`: what an event costs, in one run, so that the ratios can be trusted on a machine that is not quiet.
@main
struct BenchmarksMain {
    static func main() async {
        do {
            if CommandLine.arguments.dropFirst() == [HostileNeighbours.argument] {
                return try await HostileNeighbours.serve()
            }
            if CommandLine.arguments.dropFirst().first == MonitoredRelays.argument {
                return try await MonitoredRelays.serve(Array(CommandLine.arguments.dropFirst(2)))
            }
            let options = try BenchmarkOptions(Array(CommandLine.arguments.dropFirst()))
            let run = BenchmarkRun(options, Report())
            for part in BenchmarkPart.allCases where options.parts.contains(part) { try await run.run(part) }
        } catch {
            FileHandle.errors.write("bench: \(error)\n")
            exit(1)
        }
    }
}
