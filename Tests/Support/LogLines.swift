import Foundation
public import Logging
import NIOConcurrencyHelpers
public import Telemetry

/// Keeps the log lines of a test, so that it can look at them.
public final class LogLines: LogSink {
    private let kept = NIOLockedValueBox<[String]>([])

    /// No lines yet.
    public init() {}

    /// Keeps a line.
    public func write(_ line: [UInt8]) { kept.withLockedValue { $0.append(String(decoding: line, as: UTF8.self)) } }

    /// All lines, in order, line ends included.
    public var all: [String] { kept.withLockedValue { $0 } }

    /// The event names of all lines, in order.
    public var messages: [String] {
        all.compactMap { line in
            let object = try? JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any]
            return object?["message"] as? String
        }
    }

    /// A logger that writes here.
    public func logger(service: String = "trial_service", level: Logger.Level = .debug) -> Logger {
        LogFactory(service: service, level: level, sink: self).logger("service")
    }
}
