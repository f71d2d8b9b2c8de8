import Logging
import Settings
import Telemetry

/// What is stored of how relays answer.
extension Brotr {
    /// $1 relay. Texts, for a cast would raise where somebody wrote something else, at each visit again.
    static let relayBehaviour = NamedStatement(
        "relay_behaviour",
        """
        SELECT behaviour ->> 'contradictions', behaviour ->> 'short_answers', behaviour ->> 'order',
               behaviour ->> 'filter', behaviour ->> 'since', behaviour ->> 'until', behaviour ->> 'hints',
               behaviour ->> 'count', behaviour ->> 'negentropy', behaviour ->> 'auth',
               behaviour ->> 'calibrated_at', behaviour ->> 'rescans', behaviour ->> 'span',
               behaviour ->> 'reading', behaviour ->> 'bounds'
          FROM relay_sync WHERE relay_id = $1
        """,
        parameters: [.int4], columns: Array(repeating: .text, count: 15), isIdempotent: true)

    /// What earlier visits learnt of a relay. A value that is none counts as not seen yet, and is logged.
    public func relayBehaviour(_ relay: RelayID) async throws -> RelayBehaviour {
        let rows = try await pool.fetch(
            Self.relayBehaviour, .int4(relay.value), timeout: settings.timeouts.query.duration)
        guard let row = rows.first else { return RelayBehaviour() }
        let (behaviour, unreadable) = try RelayBehaviour.stored(in: row)
        if !unreadable.isEmpty {
            pool.logger.warning(
                "relay_behaviour_unreadable",
                metadata: [
                    LogKey.relayID: .stringConvertible(relay.value),
                    LogKey.detail: "\(unreadable.joined(separator: " "))",
                ])
        }
        return behaviour
    }
}

extension RelayBehaviour {
    /// Of a row of texts, and the keys whose values are none.
    fileprivate static func stored(in row: Row) throws -> (RelayBehaviour, unreadable: [String]) {
        var (behaviour, unreadable) = (RelayBehaviour(), [String]())
        func value<Value: LosslessStringConvertible>(
            _ key: String, at column: Int, where isPossible: (Value) -> Bool = { _ in true }
        ) throws -> Value? {
            guard let text: String = try row.decode(at: column) else { return nil }
            if let value = Value(text), isPossible(value) { return value }
            unreadable.append(key)
            return nil
        }
        behaviour.contradictions = try value("contradictions", at: 0) { $0 >= 0 }
        behaviour.shortAnswers = try value("short_answers", at: 1) { $0 >= 0 }
        behaviour.order = try value("order", at: 2)
        behaviour.filter = try value("filter", at: 3)
        behaviour.since = try value("since", at: 4)
        behaviour.until = try value("until", at: 5)
        behaviour.hints = try value("hints", at: 6)
        behaviour.count = try value("count", at: 7)
        behaviour.negentropy = try value("negentropy", at: 8)
        behaviour.auth = try value("auth", at: 9)
        behaviour.calibratedAt = try value("calibrated_at", at: 10) { $0 >= 0 }
        behaviour.rescans = try value("rescans", at: 11)
        behaviour.span = try value("span", at: 12) { $0 > 0 }
        behaviour.reading = try value("reading", at: 13)
        behaviour.bounds = try value("bounds", at: 14)
        return (behaviour, unreadable)
    }
}
