import Foundation
import Synchronization
import Telemetry

/// Keeps log lines for a test to look at.
final class LinesInMemory: LogSink {
    private let kept = Mutex<[[UInt8]]>([])

    func write(_ line: [UInt8]) { kept.withLock { $0.append(line) } }

    var lines: [[UInt8]] { kept.withLock { $0 } }

    /// Every line as a JSON object, read by Foundation.
    func objects() throws -> [[String: Any]] {
        try lines.map { line in
            let object = try JSONSerialization.jsonObject(with: Data(line))
            return object as? [String: Any] ?? [:]
        }
    }
}
