import Net
import Nostr
import Testing

@testable import RelayClient

private typealias Input = SubscriptionState.Input
private typealias Action = SubscriptionState.Action

@Suite struct SubscriptionStateTests {
    /// Feeds the inputs to a fresh state whose REQ went out at 0 s, and gives all actions.
    private func actions(_ limits: SubscriptionLimits = .init(), _ inputs: [Input]) -> [Action] {
        var state = SubscriptionState(limits: limits, now: .zero, received: 0)
        return inputs.map { state.handle($0) }
    }

    private func tick(_ seconds: Int, received: Int = 0, paused: Bool = false) -> Input {
        .tick(now: .seconds(seconds), received: received, isPaused: paused)
    }

    private func limits(_ change: (inout SubscriptionLimits) -> Void) -> SubscriptionLimits {
        var limits = SubscriptionLimits()
        change(&limits)
        return limits
    }

    @Test(arguments: [nil, EOSEHint.finish, .more])
    func `EOSE ends a page, with its hint`(hint: EOSEHint?) {
        #expect(
            actions([.event(bytes: 10), .event(bytes: 10), .eose(hint)])
                == [.keep, .keep, .finish(.eose(hint: hint), sendsClose: true)])
    }

    @Test func `an empty page ends with EOSE too`() {
        #expect(actions([.eose(nil)]) == [.finish(.eose(hint: nil), sendsClose: true)])
    }

    @Test func `what comes after the end is a stray`() {
        #expect(
            actions([.eose(nil), .eose(.finish), .event(bytes: 1), .closed(nil, ""), tick(900)]).dropFirst()
                == [.stray, .stray, .stray, .nothing])
    }

    @Test func `CLOSED keeps its prefix and is not answered by CLOSE`() {
        #expect(
            actions([.event(bytes: 5), .closed(.authRequired, "auth-required: sign in")])
                == [
                    .keep,
                    .finish(.closed(prefix: .authRequired, message: "auth-required: sign in"), sendsClose: false),
                ])
    }

    @Test func `a lost connection is broken and sends nothing`() {
        let lost = RelayError.net(NetError(.connectionLost, .open))
        #expect(actions([.lost(lost)]) == [.finish(.broken(lost), sendsClose: false)])
    }

    @Test func `silence is told from a standstill`() {
        #expect(actions([tick(29), tick(30)]) == [.nothing, .finish(.timedOut(.silent), sendsClose: true)])
        #expect(
            actions([.event(bytes: 20_000), tick(10, received: 20_000), tick(39, received: 20_000), tick(40)])
                == [.keep, .nothing, .nothing, .finish(.timedOut(.stalled), sendsClose: true)])
    }

    @Test func `every event starts the silence anew`() {
        #expect(
            actions([tick(29), .event(bytes: 9_999), tick(30, received: 10_000), tick(59, received: 10_000)])
                == [.nothing, .keep, .nothing, .nothing])
    }

    @Test func `a drip of events is too slow`() {
        let drip = (1...3).flatMap { [Input.event(bytes: 100), tick($0 * 20, received: $0 * 120)] }
        #expect(actions(drip).last == .finish(.timedOut(.tooSlow), sendsClose: true))
    }

    @Test func `enough bytes a window are fast enough`() {
        let flow = (1...12).flatMap { [Input.event(bytes: 100), tick($0 * 20, received: $0 * 5_000)] }
        #expect(actions(flow).allSatisfy { $0 == .keep || $0 == .nothing })
    }

    @Test func `no patience is used up while we make the relay wait`() {
        let waiting = (1...100).map { tick($0 * 10, received: 500, paused: true) }
        #expect(actions([.event(bytes: 500)] + waiting).allSatisfy { $0 == .keep || $0 == .nothing })
        #expect(
            actions([.event(bytes: 500), tick(1, received: 500)] + waiting + [tick(1_029), tick(1_030)]).suffix(2)
                == [.nothing, .finish(.timedOut(.stalled), sendsClose: true)])
    }

    @Test func `words of a limit explain a silence and nothing else`() {
        #expect(
            actions([.limitNotice, tick(29), tick(30)])
                == [.nothing, .nothing, .finish(.timedOut(.rateLimited), sendsClose: true)])
        #expect(actions([.limitNotice, .eose(nil)]).last == .finish(.eose(hint: nil), sendsClose: true))
        #expect(
            actions([.event(bytes: 1), .limitNotice, tick(1), tick(31)]).last
                == .finish(.timedOut(.stalled), sendsClose: true))
        #expect(actions([.cancelled, .limitNotice, .full]).suffix(2) == [.nothing, .nothing])
    }

    @Test func `a full mailbox ends what may not make others wait`() {
        #expect(actions([.full]) == [.nothing])
        #expect(actions(limits { $0.endsWhenFull = true }, [.full]) == [.finish(.overBudget, sendsClose: true)])
    }

    @Test func `the total time ends it whatever comes`() {
        let limits = limits { $0.totalTimeout = .seconds(100) }
        let flow = (1...5).flatMap { [Input.event(bytes: 100), tick($0 * 20, received: $0 * 90_000)] }
        #expect(actions(limits, flow).last == .finish(.timedOut(.total), sendsClose: true))
    }

    @Test func `one event over the budget ends it`() {
        let limits = limits { $0.maxEvents = 2 }
        #expect(
            actions(limits, [.event(bytes: 1), .event(bytes: 1), .event(bytes: 1)])
                == [.keep, .keep, .finish(.overBudget, sendsClose: true)])
        #expect(actions(limits, [.event(bytes: 1), .event(bytes: 1), .eose(nil)]).last != .nothing)
    }

    @Test func `one byte over the budget ends it`() {
        let limits = limits { $0.maxBytes = 100 }
        #expect(actions(limits, [.event(bytes: 60), .event(bytes: 40)]) == [.keep, .keep])
        #expect(
            actions(limits, [.event(bytes: 60), .event(bytes: 41)])
                == [.keep, .finish(.overBudget, sendsClose: true)])
    }

    @Test func `a kept subscription goes on after EOSE without budget or timeout`() {
        let limits = limits {
            $0.keepsOpen = true
            $0.maxEvents = 1
        }
        #expect(
            actions(limits, [.event(bytes: 1), .eose(.finish), .event(bytes: 1), tick(9_000), .eose(nil)])
                == [.keep, .caughtUp(.finish), .keep, .nothing, .stray])
        #expect(
            actions(limits, [.eose(nil), .closed(nil, "bye")]).last
                == .finish(.closed(prefix: nil, message: "bye"), sendsClose: false))
    }

    @Test func `cancelling tells the relay, once`() {
        #expect(actions([.cancelled, .cancelled]) == [.finish(.cancelled, sendsClose: true), .nothing])
    }

    private func actions(_ inputs: [Input]) -> [Action] { actions(SubscriptionLimits(), inputs) }
}
