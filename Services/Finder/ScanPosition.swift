/// A place in the order of storing: transaction, batch, event in the batch. Everything up to it has been read.
struct ScanPosition: Hashable, Sendable {
    /// `event_batches.xid`; 0 before the first.
    var transaction: Int64
    /// `event_batches.batch_id`.
    var batch: Int64
    /// Events of the batch that are done.
    var place: Int64

    /// As the database takes it.
    var parts: [Int64] { [transaction, batch, place] }
}
