import ServiceKit

/// What the Finder remembers about one source.
struct APISourceState: Codable, Sendable, Equatable {
    /// How far a list has been stored; a list of many relays takes several transactions.
    struct Progress: Codable, Sendable, Equatable {
        /// Of the list and the form in which it was read, hexadecimal.
        var digest: String
        /// Relays of it that are stored, in the order of the list.
        var done: Int
    }

    /// The source.
    var url: String
    /// Shape, path and rules with which the last list was read; its ETag says nothing about another reading.
    var form: String?
    /// ETag of the last list.
    var etag: String?
    /// Last-Modified of the last list.
    var lastModified: String?
    /// Unix seconds of the last request.
    var lastTriedAt: Int64?
    /// Unix seconds of the last list, or of the last word that it has not changed.
    var lastListedAt: Int64?
    /// Unix seconds before which it is not asked.
    var notBefore: Int64?
    /// Requests that failed since the last one that did not.
    var failures: Int?
    /// Short name of the last failure; nil when the last request did not fail.
    var lastError: String?
    /// URLs in the last list.
    var urls: Int?
    /// Of a list that is not stored to its end.
    var progress: Progress?

    /// A source of which nothing is known.
    init(url: String) { self.url = url }
}

/// The states of all sources: the row `finder:sources` of `service_state`, which only whoever holds the lease writes,
/// in the transaction that stores what a list named.
struct APISourceStates: ServiceState, Equatable {
    /// Name of the row.
    static let name = "finder:sources"

    /// Unix seconds of the last request to any of them.
    var lastRunAt: Int64?
    /// In the order of the settings.
    var sources: [APISourceState] = []

    /// Before the first request.
    init() {}

    /// What is known of a source.
    subscript(url: String) -> APISourceState { sources.first { $0.url == url } ?? APISourceState(url: url) }
}
