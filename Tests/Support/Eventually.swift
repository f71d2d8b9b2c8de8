/// The one place where tests look at something again and again: for what other processes do, of which no signal comes.
///
/// A wait ends as soon as its condition holds; its limit is only for the day on which it never does.
public enum Eventually {
    /// What did not happen in time.
    public struct Late: Error, CustomStringConvertible {
        /// What was waited for, and what was there instead.
        public let description: String
    }

    /// Between two looks.
    private static let pause = Duration.milliseconds(20)

    /// Looks until there is a value, and gives it.
    /// - Throws: `Late`, whose text holds `found()` as it was at the end; what the look throws.
    @discardableResult
    public static func value<Value>(
        _ what: String, within limit: Duration = .seconds(120), isolation: isolated (any Actor)? = #isolation,
        found: () -> String = { "" }, _ look: () async throws -> Value?
    ) async throws -> Value {
        let deadline = ContinuousClock.now + limit
        while true {
            if let value = try await look() { return value }
            guard ContinuousClock.now < deadline else {
                throw Late(description: "\(what): not within \(limit). \(found())")
            }
            try await ContinuousClock().sleep(for: pause)
        }
    }
}

/// Looks until the condition holds.
/// - Throws: `Eventually.Late`, whose text holds `found()` as it was at the end; what the condition throws.
public func eventually(
    _ what: String, within limit: Duration = .seconds(120), isolation: isolated (any Actor)? = #isolation,
    found: () -> String = { "" }, _ holds: () async throws -> Bool
) async throws {
    try await Eventually.value(what, within: limit, found: found) { try await holds() ? true : nil }
}
