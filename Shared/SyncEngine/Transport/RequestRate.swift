/// How many requests a second a relay or an address bears, as learned from its refusals: a token bucket whose rate
/// halves with each of them. Answers raise it half of the way to what was refused, again and again; for a time, which
/// doubles with each refusal, not above that, and then to twice of what it is. A minute of asking adds a tenth.
///
/// Pure; times are those of one process. Nothing is held back before the first refusal.
struct RequestRate: Sendable, Equatable {
    /// Refusals within this time are about the same load.
    private static let oneRefusal = Duration.seconds(5)
    /// What was asked in this time tells how fast it was asked.
    private static let window = 60.0
    /// Share by which the rate grows in a minute.
    private static let growth = 0.1
    /// Answers in a row that raise the rate.
    private static let answersARaise = 5
    /// How long a refused rate is not tried again, after the first refusal and at most.
    private static let firstHold = Duration.seconds(30)
    private static let longestHold = Duration.seconds(1_920)

    /// Requests a second; nil while no refusal is remembered.
    private(set) var perSecond: Double?

    private let floor: Double
    private let ceiling: Double
    private var tokens = 1.0
    private var refilledAt: Duration?
    private var refusedAt: Duration?
    private var windowStart: Duration?
    private var asked = 0.0
    /// The rate that was refused last, and until when it is not tried again.
    private var refusedRate: Double?
    private var heldUntil: Duration?
    private var hold = RequestRate.firstHold
    private var answers = 0

    /// - Parameter remembered: what an earlier visit learned, in requests a second; what is no rate is forgotten.
    init(_ settings: RateSettings, remembered: Double? = nil) {
        floor = settings.floor
        ceiling = settings.ceiling
        guard let remembered, remembered > 0, remembered < ceiling else { return }
        perSecond = max(remembered, floor)
    }

    /// Counts a request that is about to be sent, and says how long it has to wait.
    mutating func take(at now: Duration) -> Duration {
        count(now)
        refill(now)
        guard let rate = perSecond else { return .zero }
        tokens -= 1
        return tokens >= 0 ? .zero : .seconds(-tokens / rate)
    }

    /// Halves the rate: what the relay was asked lately, where none was learned before.
    mutating func halve(at now: Duration) {
        if let refusedAt, now - refusedAt < Self.oneRefusal { return }
        // Nothing was asked: then it was not too much.
        guard perSecond != nil || windowStart != nil else { return }
        refill(now)
        refusedAt = now
        let rate = min(perSecond ?? observed(now), ceiling)
        perSecond = max(rate / 2, floor)
        (refusedRate, heldUntil, answers) = (rate, now + hold, 0)
        hold = min(hold * 2, Self.longestHold)
        tokens = min(tokens, 0)
    }

    /// Counts an answer.
    mutating func succeed(at now: Duration) {
        guard let rate = perSecond else { return }
        answers += 1
        guard answers >= Self.answersARaise else { return }
        answers = 0
        refill(now)
        let top = bound(at: now)
        raise(to: top == .infinity ? rate * 2 : (rate + top) / 2, at: now)
    }

    /// What the rate does not get above now.
    private func bound(at now: Duration) -> Double {
        guard let refusedRate, let heldUntil, now < heldUntil else { return .infinity }
        return refusedRate
    }

    private mutating func raise(to rate: Double, at now: Duration) {
        guard let before = perSecond else { return }
        let raised = max(before, min(rate, bound(at: now)))
        perSecond = raised < ceiling ? raised : nil
        if perSecond == nil { hold = Self.firstHold }
    }

    /// What was saved up is at most what one second brings.
    private mutating func refill(_ now: Duration) {
        let elapsed = refilledAt.map { min(max((now - $0).seconds, 0), Self.window) } ?? 0
        refilledAt = now
        guard let rate = perSecond else { return }
        tokens = min(tokens + elapsed * rate, max(rate, 1))
        // Time in which nobody asked proves nothing: no more than one window of it counts.
        raise(to: rate * (1 + Self.growth * elapsed / 60), at: now)
    }

    private mutating func count(_ now: Duration) {
        if let windowStart, (now - windowStart).seconds < Self.window {
            asked += 1
        } else {
            windowStart = now
            asked = 1
        }
    }

    private func observed(_ now: Duration) -> Double {
        asked / max((now - (windowStart ?? now)).seconds, 1)
    }
}

extension Duration {
    fileprivate var seconds: Double {
        Double(components.seconds) + Double(components.attoseconds) / 1e18
    }
}
