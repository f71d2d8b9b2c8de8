import ServiceKit

/// Why candidates were not stored.
enum CandidateError: Error, NamedError, CustomStringConvertible {
    /// Another replica has taken the work over.
    case leaseLost
    /// The watermark of the scan is not where it was left.
    case watermarkMoved

    /// For logs and metrics.
    var kindName: String {
        switch self {
        case .leaseLost: "lease_lost"
        case .watermarkMoved: "watermark_moved"
        }
    }

    /// One sentence.
    var description: String {
        switch self {
        case .leaseLost: "another replica has taken over; nothing of this batch is stored"
        case .watermarkMoved: "the watermark moved meanwhile; the next cycle goes on from where it stands"
        }
    }
}
