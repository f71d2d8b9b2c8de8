import Nostr
import Testing

@testable import RelayClient

@Suite struct CountStateTests {
    /// Feeds the inputs to a fresh state that waits 10 s from 0 s on, and gives what each said.
    private func ends(_ inputs: [CountState.Input]) -> [CountEnd?] {
        var state = CountState(timeout: .seconds(10), now: .zero)
        return inputs.map { state.handle($0) }
    }

    private func tick(_ seconds: Int, paused: Bool = false) -> CountState.Input {
        .tick(now: .seconds(seconds), isPaused: paused)
    }

    @Test(arguments: [0, 1, CountState.maxCount])
    func `a number is the answer`(count: Int64) {
        #expect(ends([.count(count, isApproximate: false)]) == [.count(count, isApproximate: false)])
        #expect(ends([.count(count, isApproximate: true)]) == [.count(count, isApproximate: true)])
    }

    @Test(arguments: [nil, CountState.maxCount + 1, .max])
    func `what cannot be is malformed`(count: Int64?) {
        #expect(ends([.count(count, isApproximate: false)]) == [.malformed])
    }

    @Test func `a refusal keeps what it says`() {
        #expect(
            ends([.closed(.authRequired, "auth-required: x")])
                == [.closed(prefix: .authRequired, message: "auth-required: x")])
    }

    @Test func `a NOTICE about COUNT is no support, one about something else is nothing`() {
        #expect(ends([.notice("unknown message type: COUNT")]) == [.unsupported("unknown message type: COUNT")])
        #expect(ends([.notice("ERROR: bad msg: negentropy disabled"), .notice("hello")]) == [nil, nil])
    }

    @Test func `silence is no support, unless a limit was spoken of`() {
        #expect(ends([tick(9), tick(10)]) == [nil, .unsupported("")])
        #expect(ends([.notice("rate-limited: x"), tick(10)]) == [nil, .rateLimited])
    }

    @Test func `no patience is used up while the socket is not read`() {
        #expect(ends([tick(100, paused: true), tick(109), tick(110)]) == [nil, nil, .unsupported("")])
    }

    @Test func `a lost connection and our own end have names`() {
        #expect(ends([.lost(.closedByUs), .cancelled]) == [.broken(.closedByUs), .cancelled])
    }
}
