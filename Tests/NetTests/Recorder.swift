import NIOConcurrencyHelpers

@testable import Net

/// A delegate that writes down what it is told.
final class Recorder: WebSocketDelegate {
    private struct State {
        var texts: [String] = []
        var end: WebSocketEnd?
        var watchers: [(count: Int?, wake: CheckedContinuation<Void, Never>)] = []
    }

    private let state = NIOLockedValueBox(State())
    private let pausesAfter: Int?
    private let connection = NIOLockedValueBox<WebSocketConnection?>(nil)

    /// Pauses reading at the given message.
    init(pausesAfter: Int? = nil) { self.pausesAfter = pausesAfter }

    var texts: [String] { state.withLockedValue { $0.texts } }

    func opened(_ connection: WebSocketConnection) { self.connection.withLockedValue { $0 = connection } }

    func received(text: UnsafeBufferPointer<UInt8>) {
        let count = update { state in
            state.texts.append(String(decoding: text, as: UTF8.self))
            return state.texts.count
        }
        if count == pausesAfter { connection.withLockedValue { $0?.pauseReading() } }
    }

    func readCompleted() {}

    func closed(_ end: WebSocketEnd) { update { $0.end = end } }

    /// Waits until so many texts have come, or the end.
    func wait(texts count: Int) async { await wait(count) }

    /// Waits for the end.
    func end() async -> WebSocketEnd? {
        await wait(nil)
        return state.withLockedValue { $0.end }
    }

    private func wait(_ count: Int?) async {
        await withCheckedContinuation { wake in
            let isThere = state.withLockedValue { state in
                if Self.isMet(count, state) { return true }
                state.watchers.append((count, wake))
                return false
            }
            if isThere { wake.resume() }
        }
    }

    private static func isMet(_ count: Int?, _ state: State) -> Bool {
        state.end != nil || count.map { state.texts.count >= $0 } == true
    }

    @discardableResult private func update<R>(_ body: (inout State) -> R) -> R {
        let (result, ready) = state.withLockedValue { state in
            let result = body(&state)
            let met = state.watchers.filter { Self.isMet($0.count, state) }.map(\.wake)
            state.watchers.removeAll { [state] in Self.isMet($0.count, state) }
            return (result, met)
        }
        ready.forEach { $0.resume() }
        return result
    }
}
