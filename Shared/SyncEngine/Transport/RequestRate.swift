/// How many requests a second a relay or an address bears, as learned from its refusals: a token bucket whose rate
/// halves with each of them and grows by a tenth in each minute without one (AIMD).
///
/// Pure; times are those of one process. Nothing is held back before the first refusal.
struct RequestRate: Sendable, Equatable {
    /// Refusals within this time are about the same load.
    private static let oneRefusal = Duration.seconds(5)
    /// What was asked in this time tells how fast it was asked.
    private static let window = 60.0
    /// Share by which the rate grows in a minute.
    private static let growth = 0.1

    /// Requests a second; nil while no refusal is remembered.
    private(set) var perSecond: Double?

    private let floor: Double
    private let ceiling: Double
    private var tokens = 1.0
    private var refilledAt: Duration?
    private var refusedAt: Duration?
    private var windowStart: Duration?
    private var asked = 0.0

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
        perSecond = max(min(perSecond ?? observed(now), ceiling) / 2, floor)
        tokens = min(tokens, 0)
    }

    /// What was saved up is at most what one second brings.
    private mutating func refill(_ now: Duration) {
        let elapsed = refilledAt.map { min(max((now - $0).seconds, 0), Self.window) } ?? 0
        refilledAt = now
        guard let rate = perSecond else { return }
        tokens = min(tokens + elapsed * rate, max(rate, 1))
        // Time in which nobody asked proves nothing: no more than one window of it counts.
        let grown = rate * (1 + Self.growth * elapsed / 60)
        perSecond = grown < ceiling ? grown : nil
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
