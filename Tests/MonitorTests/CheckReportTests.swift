import Foundation
import Net
import Nostr
import RelayClient
import ServiceKit
import Testing

@testable import Monitor

@Suite struct CheckReportTests {
    private static let opened = OpenResult(duration: .milliseconds(12))

    private static func read(
        _ end: SubscriptionEnd, roundTrip: Duration? = nil, _ change: (inout ReadResult) -> Void = { _ in }
    ) -> ReadResult {
        var result = ReadResult(duration: .milliseconds(40), roundTrip: roundTrip, end: end)
        change(&result)
        return result
    }

    @Test func `a relay is up when it opened and said something that relays say`() {
        let answer = Duration.milliseconds(1)
        let cases: [(ReadResult?, isUp: Bool, reason: String?)] = [
            (nil, false, "not_asked"),
            (Self.read(.eose(hint: nil), roundTrip: answer), true, nil),
            (Self.read(.closed(prefix: .authRequired, message: ""), roundTrip: answer), true, nil),
            (Self.read(.overBudget, roundTrip: answer), true, nil),
            (Self.read(.timedOut(.silent)), false, "silent"),
            (Self.read(.timedOut(.silent)) { $0.notices = 1 }, true, nil),
            (Self.read(.timedOut(.total)) { $0.wasChallenged = true }, true, nil),
            (Self.read(.broken(.closedByRelay(code: nil, reason: ""))), false, "closed_by_relay"),
            (Self.read(.broken(.noticeFlood), roundTrip: answer), true, nil),
        ]
        for (read, isUp, reason) in cases {
            let report = CheckReport(open: Self.opened, read: read)
            #expect(report.isUp == isUp && report.reason == reason)
        }
        let closed = CheckReport(
            open: OpenResult(duration: .zero, reason: "timeout", step: "connect"),
            read: Self.read(.eose(hint: nil), roundTrip: answer))
        #expect(!closed.isUp && closed.reason == "timeout")
    }

    private func object(_ value: JSONValue) throws -> [String: Any] {
        try #require(try JSONSerialization.jsonObject(with: Data(value.encode())) as? [String: Any])
    }

    @Test func `the document has the columns of the table and every probe's result`() throws {
        var report = CheckReport(open: Self.opened, read: Self.read(.eose(hint: nil), roundTrip: .milliseconds(7)))
        report.read?.events = 1
        report.nip11 = NIP11Result(duration: .milliseconds(3), reason: "http_404", status: 404)
        let document = try object(report.document)
        #expect(document["openable"] as? Bool == true && document["readable"] as? Bool == true)
        #expect(document["rtt_open"] as? Int == 12 && document["rtt_read"] as? Int == 7)
        let checks = try #require(document["checks"] as? [String: [String: Any]])
        #expect(checks["read"]?["events"] as? Int == 1 && checks["read"]?["duration_ms"] as? Int == 40)
        #expect(checks["open"]?["success"] as? Bool == true && checks["open"]?["reason"] == nil)
        #expect(checks["nip11"]?["reason"] as? String == "http_404" && checks["nip11"]?["status"] as? Int == 404)
        #expect(checks["nip11"]?["success"] as? Bool == false)
    }

    @Test func `what was not tried is not in the document`() throws {
        let open = OpenResult(duration: .seconds(10), reason: "name_not_found", step: "resolve")
        let document = try object(CheckReport(open: open).document)
        #expect(document.keys.sorted() == ["checks", "openable"])
        let checks = try #require(document["checks"] as? [String: [String: Any]])
        #expect(checks.keys.sorted() == ["open"])
        #expect(checks["open"]?["step"] as? String == "resolve")
    }

    @Test(arguments: [
        (SubscriptionEnd.closed(prefix: .authRequired, message: ""), "closed_auth_required"),
        (.closed(prefix: nil, message: "x"), "closed"), (.timedOut(.rateLimited), "rate_limited"),
        (.broken(.net(NetError(.connectionLost, .open))), "connection_lost"), (.overBudget, "over_budget"),
    ])
    func `reasons are short words`(end: SubscriptionEnd, word: String) {
        #expect(Self.read(end).reason == word)
        #expect(word.utf8.allSatisfy { $0 == UInt8(ascii: "_") || (0x61...0x7A).contains($0) })
    }

    @Test func `who is asked for AUTH is told from who is only challenged`() {
        #expect(Self.read(.closed(prefix: .authRequired, message: "")).authentication == "required")
        #expect(Self.read(.eose(hint: nil)) { $0.wasChallenged = true }.authentication == "challenged")
        #expect(Self.read(.eose(hint: nil)).authentication == nil)
    }

    @Test func `milliseconds fit into their column`() {
        #expect(Duration.seconds(Int64.max).milliseconds == Int32.max)
        #expect(Duration.seconds(-5).milliseconds == 0)
        #expect(Duration.microseconds(1999).milliseconds == 1)
    }
}
