public import Logging

/// Writes each log event as one JSON object a line: timestamp, level, service, component, message, then the fields.
///
/// Messages are constant event names in snake_case; data goes into fields named by `LogKey`. Whole numbers and
/// truth values that are given as such stay such. Secrets in texts are replaced by dots.
public struct JSONLogHandler: LogHandler {
    /// Fields of every line of this logger.
    public var metadata: Logger.Metadata = [:]
    /// Less severe events are left out.
    public var logLevel: Logger.Level
    /// Fields that come from the task.
    public var metadataProvider: Logger.MetadataProvider?

    private let service: String
    private let component: String
    private let sink: any LogSink
    private let now: @Sendable () -> LogTime

    /// A handler for one component of a service.
    public init(
        service: String, component: String, level: Logger.Level = .info, sink: any LogSink,
        now: @escaping @Sendable () -> LogTime = LogTime.now
    ) {
        self.service = service
        self.component = component
        logLevel = level
        self.sink = sink
        self.now = now
    }

    /// One field of every line.
    public subscript(metadataKey key: String) -> Logger.MetadataValue? {
        get { metadata[key] }
        set { metadata[key] = newValue }
    }

    /// Writes the event; fields of the event win over those of the logger, those over the task's.
    public func log(event: LogEvent) {
        var fields = metadataProvider?.get() ?? [:]
        fields.merge(metadata) { $1 }
        if let error = event.error, event.metadata?[LogKey.error] == nil { fields[LogKey.error] = "\(error)" }
        if let own = event.metadata { fields.merge(own) { $1 } }
        var line = LogLine()
        line.add("timestamp", .text(now().text))
        line.add("level", .text(event.level.rawValue))
        line.add(LogKey.service, .text(service))
        line.add(LogKey.component, .text(component))
        line.add("message", .redacted(event.message.description))
        for (key, value) in fields.sorted(by: { $0.key < $1.key }) where !Self.fixed.contains(key) {
            line.add(key, JSONFragment(value))
        }
        sink.write(line.finish())
    }

    /// Keys that every line has already; a second one would make two keys of one name.
    private static let fixed: Set<String> = ["timestamp", "level", LogKey.service, LogKey.component, "message"]
}

/// Makes the loggers of one process.
public struct LogFactory: Sendable {
    private let service: String
    private let level: Logger.Level
    private let sink: any LogSink

    /// Loggers of this service at this level, all writing to one sink.
    public init(service: String, level: Logger.Level, sink: any LogSink) {
        self.service = service
        self.level = level
        self.sink = sink
    }

    /// The logger of a component.
    public func logger(_ component: String) -> Logger {
        Logger(label: component) { label in
            JSONLogHandler(service: service, component: label, level: level, sink: sink)
        }
    }
}

extension Logger {
    /// A logger of another component that writes to the same place.
    public func component(_ name: String) -> Logger {
        guard let handler = handler as? JSONLogHandler else { return self }
        return Logger(label: name) { _ in handler.component(name) }
    }
}

extension JSONLogHandler {
    /// The same handler under another component's name, fields and level included.
    public func component(_ name: String) -> JSONLogHandler {
        var copy = JSONLogHandler(service: service, component: name, level: logLevel, sink: sink, now: now)
        copy.metadata = metadata
        copy.metadataProvider = metadataProvider
        return copy
    }
}
