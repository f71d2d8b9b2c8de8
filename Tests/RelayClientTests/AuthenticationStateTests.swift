import Crypto
import Nostr
import Testing

@testable import RelayClient

private typealias Input = AuthenticationState.Input
private typealias Action = AuthenticationState.Action

@Suite struct AuthenticationStateTests {
    private let id = EventID.zero

    /// Feeds the inputs to a fresh state with a patience of 5 s, and gives all actions.
    private func actions(_ inputs: [Input]) -> [Action] {
        var state = AuthenticationState(patience: .seconds(5))
        return inputs.map { state.handle($0) }
    }

    private func wanted(_ seconds: Int = 0) -> Input { .wanted(now: .seconds(seconds)) }

    private func answered(_ seconds: Int = 0) -> Input { .answered(id, now: .seconds(seconds)) }

    private func tick(_ seconds: Int) -> Input { .tick(now: .seconds(seconds)) }

    @Test func `a challenge alone is not answered`() {
        #expect(actions([.challenge("a"), tick(900), .challenge("b")]) == [.nothing, .nothing, .nothing])
    }

    @Test func `a refusal has the newest challenge answered, and OK settles it`() {
        #expect(
            actions([
                .challenge("a"), .challenge("b"), wanted(), answered(), .ok(id, isAccepted: true, message: ""),
            ]) == [.nothing, .nothing, .answer(challenge: "b"), .nothing, .settle(.accepted)])
    }

    @Test func `a refusal without a challenge waits for one`() {
        #expect(
            actions([wanted(1), tick(5), .challenge("late"), answered(5)])
                == [.nothing, .nothing, .answer(challenge: "late"), .nothing])
        #expect(actions([wanted(1), tick(5), tick(6)]) == [.nothing, .nothing, .settle(.unchallenged)])
    }

    @Test func `nobody waits twice for a challenge that does not come`() {
        #expect(
            actions([wanted(), tick(5), wanted(6), .challenge("a"), wanted(7)]).suffix(3)
                == [.settle(.unchallenged), .nothing, .answer(challenge: "a")])
    }

    @Test func `one AUTH a connection, whatever comes`() {
        let again: [Input] = [.challenge("b"), wanted(1), .challenge("c"), wanted(2)]
        #expect(
            actions([.challenge("a"), wanted(), answered(), .ok(id, isAccepted: true, message: "")] + again).suffix(4)
                == [.nothing, .settle(.accepted), .nothing, .settle(.accepted)])
        #expect(actions([.challenge("a"), wanted(), answered()] + again).suffix(4).allSatisfy { $0 == .nothing })
    }

    @Test func `a refused answer keeps what was said`() {
        #expect(
            actions([
                .challenge("a"), wanted(), answered(), .ok(id, isAccepted: false, message: "restricted: members"),
            ]).last == .settle(.refused(prefix: .restricted, message: "restricted: members")))
    }

    @Test func `OK counts for our answer only`() {
        let other = EventID(hex: String(repeating: "1", count: 64)) ?? .zero
        #expect(
            actions([
                .ok(id, isAccepted: true, message: ""), .challenge("a"), wanted(), answered(),
                .ok(other, isAccepted: true, message: ""),
            ]).allSatisfy { $0 == .nothing || $0 == .answer(challenge: "a") })
    }

    @Test func `OK has its time`() {
        #expect(
            actions([.challenge("a"), wanted(), answered(2), tick(6), tick(7)]).suffix(2)
                == [.nothing, .settle(.unanswered)])
    }

    @Test func `without a signature there is nothing to wait for`() {
        #expect(actions([.challenge("a"), wanted(), .answered(nil, now: .zero)]).last == .settle(.declined))
    }

    @Test func `a challenge that is a book is none`() {
        let long = String(repeating: "x", count: AuthenticationState.maxChallengeBytes)
        #expect(actions([.challenge(long), wanted()]).last == .answer(challenge: long))
        #expect(actions([.challenge(long + "x"), wanted(), tick(5)]).last == .settle(.unchallenged))
    }

    @Test func `a lost connection settles it`() {
        #expect(
            actions([wanted(), .lost(.closedByUs), wanted(1)]).suffix(2)
                == [.settle(.broken(.closedByUs)), .settle(.broken(.closedByUs))])
    }
}
