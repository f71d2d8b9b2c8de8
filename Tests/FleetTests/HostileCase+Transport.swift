import Support

/// What sockets, frames and time can do.
extension HostileCase {
    static let transport: [HostileCase] = [
        HostileCase("1a events without end, CLOSE or not") {
            $0.behaviour.answer = .endless
            $0.fails("oversize", "abuse", as: .unpageable, .unreachable)
            $0.reasons = ["over_budget", "late_event"]
        },
        HostileCase("1b events without end, until CLOSE") {
            $0.behaviour.answer = .endlessUntilClosed
            $0.fails("oversize", as: .unpageable)
            $0.reasons = ["over_budget"]
            $0.gap = 8
        },
        HostileCase("1c what are no events, without end") {
            ($0.behaviour.answer, $0.count) = (.endlessUntilClosed, 0)
            $0.fails("oversize", as: .unpageable)
            $0.reasons = ["over_budget", "bad_hex"]
            $0.gap = 8
        },
        HostileCase("2a silence") {
            ($0.behaviour.answer, $0.stored) = (.silent, .none)
            $0.fails("timed_out", as: .ok)
            $0.reasons = ["timed_out"]
        },
        HostileCase("2b no EOSE") {
            $0.behaviour.answer = .neverEOSE
            $0.fails("timed_out", as: .ok)
            $0.reasons = ["timed_out"]
        },
        HostileCase("3a one byte a second") {
            ($0.behaviour.answer, $0.stored) = (.drip(every: .seconds(1)), .none)
            $0.fails("timed_out", as: .ok)
            $0.reasons = ["timed_out"]
        },
        HostileCase("3b one event a second") {
            ($0.behaviour.answer, $0.stored) = (.trickle(every: .seconds(1)), .some)
            $0.fails("timed_out", as: .ok)
            $0.reasons = ["timed_out"]
        },
        HostileCase("4 a frame of 1 GB") {
            ($0.behaviour.answer, $0.stored) = (.oversized(1 << 30), .none)
            $0.fails("message_too_large", as: .unreachable)
            $0.reasons = ["message_too_large"]
        },
        HostileCase("5a empty fragments without end") {
            ($0.behaviour.answer, $0.stored) = (.endlessFragments(of: 0), .none)
            $0.fails("message_too_large", as: .unreachable)
        },
        HostileCase("5b fragments without end") {
            ($0.behaviour.answer, $0.stored) = (.endlessFragments(of: 4_096), .none)
            $0.fails("message_too_large", as: .unreachable)
        },
        HostileCase("6a compression that nobody offered") {
            $0.behaviour.upgradeHeaders = [("Sec-WebSocket-Extensions", "permessage-deflate")]
            $0.stored = .none
            $0.fails("upgrade_invalid", as: .unreachable)
        },
        HostileCase("6b a compressed frame") {
            // A final text frame with the bit of RFC 7692 set.
            ($0.behaviour.answer, $0.stored) = (.raw([0xC1, 0x04, 0x4A, 0x4C, 0x04, 0x00]), .none)
            $0.fails("protocol_violation", as: .unreachable)
        },
        HostileCase("16a answers under another id") {
            ($0.behaviour.changesSubscriptionID, $0.stored) = (true, .none)
            $0.fails("timed_out", as: .ok)
            $0.reasons = ["timed_out", "foreign_event", "stray_end"]
        },
        HostileCase("16b a flood of events under another id") {
            let flood = [String](repeating: #"["EVENT","nobody",{"id":"1"}]"#, count: 1_100)
            ($0.behaviour.answer, $0.stored) = (.preceded(by: flood), .none)
            $0.fails("abuse", as: .unreachable)
            $0.reasons = ["foreign_event"]
        },
        HostileCase("17a EOSE twice") {
            $0.behaviour.eoseCopies = 2
            $0.reasons = ["stray_end"]
        },
        HostileCase("17b EOSE and CLOSED for what nobody asked") {
            $0.behaviour.answer = .preceded(by: [#"["EOSE","nobody"]"#, #"["CLOSED","q999","error: gone"]"#])
            $0.reasons = ["stray_end"]
        },
        HostileCase("22 a flood of NOTICEs") {
            ($0.behaviour.answer, $0.stored) = (.notices(10_000), .none)
            $0.fails("notice_flood", as: .unreachable)
            $0.reasons = ["notice"]
        },
        HostileCase("25a half-open") {
            ($0.behaviour.isHalfOpen, $0.stored) = (true, .none)
            $0.fails("timed_out", as: .ok)
            $0.reasons = ["timed_out"]
        },
        HostileCase("36 COUNT below zero and above all") {
            $0.behaviour.answer = .preceded(
                by: [#"["COUNT","$",{"count":-1}]"#, #"["COUNT","$",{"count":1000000000000000000}]"#])
            $0.reasons = ["stray_end"]
        },
        HostileCase("37a reads no further request") {
            $0.behaviour.stopsReading = true
            $0.fails("timed_out", as: .ok)
            $0.reasons = ["timed_out"]
        },
        HostileCase("37b pings without end, and reads no pong") {
            ($0.behaviour.answer, $0.stored) = (.pings, .none)
            $0.fails("timed_out", "protocol_violation", as: .ok, .unreachable)
        },
    ]
}
