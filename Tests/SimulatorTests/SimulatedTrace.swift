import Synchronization

/// What happened in a run, line by line, for whoever wants to know why a seed failed. Costs nothing while it is off.
final class SimulatedTrace: Sendable {
    private let lines = Mutex<[String]>([])
    private let isOn: Bool

    init(isOn: Bool) { self.isOn = isOn }

    /// The lines so far.
    var text: String { lines.withLock { $0.joined(separator: "\n") + "\n" } }

    func note(_ now: Duration, _ line: @autoclosure () -> String) {
        guard isOn else { return }
        let line = "\(now) \(line())"
        lines.withLock { $0.append(line) }
    }
}
