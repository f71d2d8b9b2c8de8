import Logging
import Telemetry

/// Something that names relays: the archived events, an API.
///
/// The Finder asks its sources one by one, under its lease; one that fails never stops another.
protocol CandidateSource: Sendable {
    /// Name of the step: "event_scan".
    var name: String { get }

    /// Reads what is new and stores what it names. Ends soon after `context.shutdown` is requested.
    /// - Throws: whatever went wrong; what was stored until then stays. `CandidateError.leaseLost` when another replica
    ///   has taken over.
    func run(under lease: FinderLease) async throws -> SourceReport
}

/// What one run of a source came to.
struct SourceReport: Sendable, Equatable {
    /// Events, or lines of an answer, that were read.
    var read = 0
    /// Mentions of relays among them.
    var mentions = 0
    /// Texts that stood where a relay should and are none, by reason.
    var rejected: [String: Int] = [:]
    /// Relays that the archive did not know.
    var found = 0
    /// Mentions that the database refused.
    var refused = 0
    /// Mentions by the place where they stood.
    var places: [String: Int] = [:]

    /// What went wrong without making the run a failure: an API that did not answer, one text each.
    var errors: [String] = []

    /// Adds what another run, or a part of this one, came to.
    mutating func add(_ other: SourceReport) {
        read += other.read
        mentions += other.mentions
        found += other.found
        refused += other.refused
        errors += other.errors
        rejected.merge(other.rejected, uniquingKeysWith: +)
        places.merge(other.places, uniquingKeysWith: +)
    }

    /// One sentence.
    var message: String {
        let counts = "\(read) read, \(mentions) mentions, \(found) new relays, \(rejected.values.reduce(0, +)) rejected"
        return errors.isEmpty ? counts : counts + ", \(errors.count) failed"
    }

    /// Says once what was left out, and why.
    func logRejected(source: String, _ logger: Logger) {
        guard !rejected.isEmpty else { return }
        let reasons = rejected.mapValues { Logger.MetadataValue.stringConvertible($0) }
        logger.info(
            "candidates_rejected", metadata: [LogKey.reasons: .dictionary(reasons), LogKey.source: .string(source)])
    }
}
