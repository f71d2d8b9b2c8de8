import Synchronization

/// One question: who waits for its answer, and until when. It holds nothing of c-ares, so whoever lets go of it last
/// may do so on any thread.
final class DNSLookup: Sendable {
    typealias Answer = Result<DNSAnswer, DNSError>

    private enum State {
        case open
        case waited(for: CheckedContinuation<Answer, Never>)
        case done(Answer)
    }

    let question: DNSQuestion
    /// When it has to be over.
    let end: ContinuousClock.Instant
    private let state = Mutex(State.open)

    init(_ question: DNSQuestion, end: ContinuousClock.Instant) {
        self.question = question
        self.end = end
    }

    /// Whether no work is left to do.
    var isDone: Bool { state.withLock { if case .done = $0 { true } else { false } } }

    /// Answers whoever waits, once; later answers are ignored.
    func complete(_ answer: Answer) {
        let waiter: CheckedContinuation<Answer, Never>? = state.withLock { state in
            switch state {
            case .done: return nil
            case .open:
                state = .done(answer)
                return nil
            case .waited(let waiter):
                state = .done(answer)
                return waiter
            }
        }
        waiter?.resume(returning: answer)
    }

    /// Called once: resumes with the answer, which may be there already.
    func wait(with continuation: CheckedContinuation<Answer, Never>) {
        let answer: Answer? = state.withLock { state in
            if case .done(let answer) = state { return answer }
            state = .waited(for: continuation)
            return nil
        }
        if let answer { continuation.resume(returning: answer) }
    }
}
