import Glibc

/// One measured step.
struct CostRow {
    var name: String
    /// Microseconds of CPU an event.
    var microseconds: Double
    /// At most so many verifications are wanted.
    var goal: Double?
}

/// Prints tables of microseconds and of multiples of one verification.
final class Report {
    /// Microseconds of one bare verification in this run: 1.00 x.
    var unit = 1.0

    func line(_ text: String) { FileHandle.output.write(text + "\n") }

    func table(_ title: String, _ rows: [CostRow]) {
        line("")
        line("\(title.padded(to: 56))\("us/event".paddedLeft(to: 10))\("x verify".paddedLeft(to: 10))")
        for row in rows {
            line(
                "  \(row.name.padded(to: 54))\(row.microseconds.text(2).paddedLeft(to: 10))"
                    + (row.microseconds / unit).text(2).paddedLeft(to: 10)
                    + (row.goal.map { "   (goal: at most \($0.text(2)))" } ?? ""))
        }
    }

    func endToEnd(_ result: EndToEnd, ceilings: [Ceiling]) {
        let ideal = ceilings.map(\.rate).reduce(0, +) / Double(max(ceilings.count, 1))
        line("")
        line("end to end: a local relay (real relay software, a process of its own) to the tables, new events")
        line("  \(result.events) events in \(result.seconds.text(2)) s = \(Int(result.rate)) events/s")
        let rates = ceilings.map { String(Int($0.rate)) }.joined(separator: " and ")
        line("  verification and storing alone, right before and after, all processors: \(rates) events/s")
        line("  share: \((100 * result.rate / ideal).text(1)) %   (goal: at least 70 %)")
        line(
            "  CPU an event: synchronizer \(result.clientMicroseconds.text(1)) us, servers"
                + " \(result.serverMicroseconds.text(1)) us, relay \(result.relayMicroseconds.text(1)) us")
        line(
            "  all but the relay: \(((result.clientMicroseconds + result.serverMicroseconds) / unit).text(2)) x verify")
        let memory = result.residentMebibytes.map { $0.text(0) }.joined(separator: " ")
        line("  resident MiB of the synchronizer over the run, from start to end: \(memory)")
    }
}

extension Report {
    /// Events of a followed relay.
    func freshness(_ result: Freshness) {
        let (middle, high) = (result.share(0.5), result.share(0.95))
        line("")
        line("freshness: from a followed relay's sending to the table, \(result.delays.count) events")
        let words = [middle, high].map { ($0.inSeconds * 1_000).text(0) }
        line("  p50 \(words[0]) ms, p95 \(words[1]) ms   (goal: p95 at most 2000 ms)")
    }
}

/// The two streams of the process.
enum FileHandle: Int32 {
    case output = 1, errors

    func write(_ text: String) {
        let bytes = Array(text.utf8)
        _ = Glibc.write(rawValue, bytes, bytes.count)
    }
}

extension Duration {
    /// The same in seconds.
    var inSeconds: Double { Double(components.seconds) + Double(components.attoseconds) / 1e18 }
}

extension Double {
    /// Fixed decimals, at most 3.
    func text(_ decimals: Int) -> String {
        let factor = [1.0, 10, 100, 1_000][min(decimals, 3)]
        let scaled = (self * factor).rounded()
        guard decimals > 0, scaled.isFinite else { return scaled.isFinite ? "\(Int(scaled))" : "-" }
        let (whole, rest) = (Int(scaled) / Int(factor), abs(Int(scaled)) % Int(factor))
        let digits = String(rest)
        return "\(whole)." + String(repeating: "0", count: decimals - digits.count) + digits
    }
}

extension String {
    func padded(to width: Int) -> String { self + String(repeating: " ", count: max(0, width - count)) }
    func paddedLeft(to width: Int) -> String { String(repeating: " ", count: max(0, width - count)) + self }
}
