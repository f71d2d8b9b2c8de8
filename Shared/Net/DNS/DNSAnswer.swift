/// What name servers said: the records that were asked for, and how one came to them.
public struct DNSAnswer: Sendable, Equatable {
    /// Records kept of one answer; what is more shows in `isCut` alone.
    public static let mostRecords = 16
    /// Aliases followed in one answer.
    public static let mostAliases = 16

    /// Of A and AAAA, as they came.
    public var addresses: [ResolvedAddress] = []
    /// Of NS and PTR, in lower case, as they came.
    public var names: [String] = []
    /// Names that CNAME records led to, in that order; the last one has the records.
    public var aliases: [String] = []
    /// Seconds for which all of it holds, aliases included, 0 to 2,147,483,647.
    public var ttlSeconds = 0
    /// There were more records.
    public var isCut = false

    /// Nothing said.
    public init() {}
}

/// Why name servers gave no records. The raw values are stored, and stand in logs.
public enum DNSError: String, Error, Sendable, CaseIterable {
    /// There is no such name.
    case nameNotFound = "name_not_found"
    /// The name exists, without such records.
    case noData = "no_data"
    /// The name cannot be asked for.
    case badName = "bad_name"
    /// The deadline passed.
    case timeout
    /// The servers failed, or refused.
    case serverFailed = "server_failed"
    /// No server could be reached.
    case unreachable
    /// What came is no answer, or a broken one.
    case badAnswer = "bad_answer"
    /// The caller was cancelled.
    case cancelled
    /// The client was closed.
    case closed
    /// Anything else.
    case failed

    /// By the library's number, which is the same in all its versions.
    init(status: Int32) {
        switch status {
        case 1: self = .noData
        case 2, 3, 5, 6: self = .serverFailed
        case 4: self = .nameNotFound
        case 7, 8: self = .badName
        case 10: self = .badAnswer
        case 11: self = .unreachable
        case 12: self = .timeout
        default: self = .failed
        }
    }
}
