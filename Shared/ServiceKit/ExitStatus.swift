/// How a process ends; the numbers are part of what operators rely on.
public enum ExitStatus: Int32, Sendable {
    /// Good; asked to end by one signal too, however much could be finished within the grace.
    case success = 0
    /// The one cycle of `--once` failed, or a second signal ended the process at once.
    case failure = 1
    /// Wrong arguments.
    case usage = 64
    /// The database was not reachable within its retries (only with `--once`).
    case databaseUnreachable = 69
    /// Wrong configuration.
    case configuration = 78
}

/// A process that ends before it worked: what it prints and how it ends.
public struct ExitReport: Sendable, Equatable {
    /// How it ends.
    public var status: ExitStatus
    /// Text for standard output, with its line ends.
    public var output = ""
    /// Text for standard error, with its line ends.
    public var errors = ""
}
