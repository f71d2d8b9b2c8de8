import Net
import Nostr
import Testing

@testable import RelayClient

private typealias Input = ReconciliationState.Input
private typealias Action = ReconciliationState.Action

@Suite struct ReconciliationStateTests {
    /// Feeds the inputs to a fresh state whose NEG-OPEN of 100 bytes went out at 0 s, and gives all actions.
    private func actions(_ limits: ReconciliationLimits = .init(), _ inputs: [Input]) -> [Action] {
        var state = ReconciliationState(limits: limits, openingBytes: 100, now: .zero)
        return inputs.map { state.handle($0) }
    }

    private func tick(_ seconds: Int, paused: Bool = false) -> Input { .tick(now: .seconds(seconds), isPaused: paused) }

    private func limits(_ change: (inout ReconciliationLimits) -> Void) -> ReconciliationLimits {
        var limits = ReconciliationLimits()
        limits.firstAnswerTimeout = .seconds(20)
        limits.answerTimeout = .seconds(10)
        change(&limits)
        return limits
    }

    @Test func `messages go to and fro until our side has enough, and the relay is told`() {
        #expect(
            actions([.message([1]), .answer([2], now: .zero), .message([3]), .cancelled])
                == [.hand([1]), .send([2]), .hand([3]), .finish(.cancelled, sendsClose: true)])
    }

    @Test func `after the end nothing is handed on`() {
        #expect(
            actions([
                .cancelled, .message([1]), .refused(nil, "", maxRecords: nil), .closed(nil, ""), .notice("negentropy"),
                .answer([2], now: .zero), .cancelled, tick(900), .lost(.closedByUs),
            ]).dropFirst() == [.stray, .stray, .stray, .nothing, .nothing, .nothing, .nothing, .nothing])
    }

    @Test func `NEG-ERR keeps what it says and is not answered`() {
        #expect(
            actions([.refused(.blocked, "blocked: too many query results", maxRecords: 500)])
                == [
                    .finish(
                        .refused(prefix: .blocked, message: "blocked: too many query results", maxRecords: 500),
                        sendsClose: false)
                ])
    }

    @Test(arguments: [nil, ReasonPrefix.unsupported, .invalid, .error])
    func `CLOSED instead of the first answer is no support`(prefix: ReasonPrefix?) {
        #expect(actions([.closed(prefix, "x")]) == [.finish(.unsupported("x"), sendsClose: false)])
        #expect(
            actions([.message([1]), .answer([1], now: .zero), .closed(prefix, "x")]).last
                == .finish(.closed(prefix: prefix, message: "x"), sendsClose: false))
    }

    @Test(arguments: [ReasonPrefix.authRequired, .rateLimited, .restricted, .blocked])
    func `CLOSED for a policy says nothing about support`(prefix: ReasonPrefix) {
        #expect(
            actions([.closed(prefix, "x")]) == [.finish(.closed(prefix: prefix, message: "x"), sendsClose: false)])
    }

    @Test func `a NOTICE counts only instead of the first answer, and no NEG-CLOSE follows it`() {
        #expect(
            actions([.notice("ERROR: bad msg: negentropy disabled")])
                == [.finish(.unsupported("ERROR: bad msg: negentropy disabled"), sendsClose: false)])
        #expect(actions([.notice("welcome"), .message([1])]) == [.nothing, .hand([1])])
        #expect(
            actions([.message([1]), .notice("negentropy disabled"), .answer([2], now: .zero), .notice("unknown")])
                == [.hand([1]), .nothing, .send([2]), .nothing])
    }

    @Test func `silence at first is no support, later it is a timeout`() {
        let limits = limits { _ in }
        #expect(actions(limits, [tick(19), tick(20)]) == [.nothing, .finish(.unsupported(""), sendsClose: true)])
        #expect(
            actions(limits, [.message([1]), tick(900), .answer([2], now: .seconds(900)), tick(909), tick(910)])
                == [.hand([1]), .nothing, .send([2]), .nothing, .finish(.timedOut, sendsClose: true)])
    }

    @Test(arguments: ["rate-limited: slow down", "ERROR: too many concurrent NEG requests"])
    func `silence after words of a limit is neither`(notice: String) {
        #expect(
            actions([.notice(notice), tick(29), tick(30)])
                == [.nothing, .nothing, .finish(.rateLimited, sendsClose: true)])
        #expect(actions([.notice(notice), .message([1])]) == [.nothing, .hand([1])])
    }

    @Test func `no patience is used up while the socket is not read`() {
        let waiting = (1...100).map { tick($0 * 10, paused: true) }
        #expect(actions(waiting).allSatisfy { $0 == .nothing })
        #expect(
            actions(limits { _ in }, waiting + [tick(1_019), tick(1_020)]).suffix(2)
                == [.nothing, .finish(.unsupported(""), sendsClose: true)])
    }

    @Test func `one round over the budget ends it`() {
        let limits = limits { $0.maxRounds = 2 }
        let rounds = (0..<3).flatMap { _ in [Input.message([1]), .answer([2], now: .zero)] }
        #expect(
            actions(limits, rounds)
                == [.hand([1]), .send([2]), .hand([1]), .send([2]), .finish(.overBudget, sendsClose: true), .nothing])
    }

    @Test func `one byte over the budget ends it, theirs and ours`() {
        let limits = limits { $0.maxBytes = 103 }
        #expect(
            actions(limits, [.message([1, 2]), .answer([3], now: .zero), .message([1])])
                == [.hand([1, 2]), .send([3]), .finish(.overBudget, sendsClose: true)])
        #expect(
            actions(limits, [.message([1, 2]), .answer([3, 4], now: .zero)]).last
                == .finish(.overBudget, sendsClose: true))
        #expect(actions(limits, [.message([0, 0, 0, 0])]) == [.finish(.overBudget, sendsClose: true)])
    }

    @Test func `what is no hex, and a message out of turn, break the protocol`() {
        #expect(actions([.message(nil)]) == [.finish(.malformed("bad_hex"), sendsClose: true)])
        #expect(
            actions([.message([1]), .message([1])]).last == .finish(.malformed("unexpected_message"), sendsClose: true))
    }

    @Test func `an answer to nothing is not sent`() {
        #expect(actions([.answer([1], now: .zero)]) == [.nothing])
        #expect(actions([.message([1]), .answer([2], now: .zero), .answer([2], now: .zero)]).last == .nothing)
    }

    @Test func `a lost connection is broken and sends nothing`() {
        let lost = RelayError.net(NetError(.connectionLost, .open))
        #expect(actions([.lost(lost)]) == [.finish(.broken(lost), sendsClose: false)])
    }

    private func actions(_ inputs: [Input]) -> [Action] { actions(ReconciliationLimits(), inputs) }
}
