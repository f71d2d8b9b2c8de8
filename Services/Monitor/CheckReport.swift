import Net
import Nostr

/// What the probes of one check found, and what it means for the relay.
struct CheckReport: Sendable {
    /// Whether a WebSocket opened.
    var open: OpenResult
    /// The relay's own address that the connection went to; nil without one, behind a proxy, and for local relays.
    var address: ResolvedAddress?
    /// How a request was answered; nil when none was made.
    var read: ReadResult?
    /// Only whether the relay is there was looked at.
    var isLight = false
    /// How an event of ours was answered; nil when none was sent.
    var write: WriteResult?
    /// The information document; nil when it was not asked for.
    var nip11: NIP11Result?
    /// What its host is, apart from what the relay says.
    var host = HostReport()

    /// Whether a relay is there: it accepts connections and says something that relays say. That it refuses to serve
    /// us, or has nothing, makes no difference.
    var isUp: Bool { open.isSuccess && (read?.hasSpoken == true || write?.hasSpoken == true) }

    /// Why it is not up, in snake_case; nil when it is.
    var reason: String? { isUp ? nil : open.reason ?? read?.reason ?? "not_asked" }

    /// Why there is no information document, in snake_case; nil when there is one, or no host to ask.
    var nip11Reason: String? { isLight ? "not_asked" : nip11?.reason }

    /// The measurement as it is stored (`nip66.document`): the columns of the table, and each probe under `checks`.
    var document: JSONValue {
        var members: [JSONValue.Member] = [.init("openable", .bool(open.isSuccess))]
        if isLight { members.append(.init("light", .bool(true))) }
        if let read { members.append(.init("readable", .bool(read.isSuccess))) }
        if let write { members.append(.init("writable", .bool(write.isSuccess))) }
        if open.isSuccess { members.append(.init("rtt_open", .integer(open.duration.milliseconds))) }
        if let rtt = read?.roundTrip { members.append(.init("rtt_read", .integer(rtt.milliseconds))) }
        if let rtt = write?.roundTrip { members.append(.init("rtt_write", .integer(rtt.milliseconds))) }
        let probes: [(String, JSONValue?)] = [
            ("open", open.document), ("read", read?.document), ("write", write?.document),
            ("nip11", nip11?.summary), ("http", nip11?.http),
        ]
        let all = (probes + host.documents).compactMap { name, value in value.map { JSONValue.Member(name, $0) } }
        members.append(.init("checks", .object(all)))
        return .object(members)
    }
}

/// The words that every probe's result is stored in.
enum ProbeDocument {
    /// Success, duration, reason and what else there is; nil values are left out.
    static func make(
        _ isSuccess: Bool, _ duration: Duration, _ reason: String?, _ more: [(String, JSONValue?)] = []
    ) -> JSONValue {
        let all: [(String, JSONValue?)] = [
            ("success", .bool(isSuccess)), ("duration_ms", .integer(duration.milliseconds)),
            ("reason", reason.map(JSONValue.string)),
        ]
        return .object((all + more).compactMap { name, value in value.map { JSONValue.Member(name, $0) } })
    }
}

extension Duration {
    /// Whole milliseconds, at least 0, rounded down; fits into an `integer` column.
    var milliseconds: Int32 {
        let (seconds, attoseconds) = components
        let most = Int64(Int32.max)
        return Int32(clamping: min(max(seconds, 0), most) * 1000 + max(attoseconds, 0) / 1_000_000_000_000_000)
    }
}
