internal import Nostr

extension UnixTime {
    /// So many seconds later, or earlier, held within 0...2^63-1.
    func moved(by distance: Int64) -> UnixTime {
        let (sum, isOver) = seconds.addingReportingOverflow(distance)
        return UnixTime(seconds: isOver ? .max : Swift.max(sum, 0))
    }
}
