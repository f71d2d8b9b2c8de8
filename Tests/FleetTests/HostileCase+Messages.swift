import Support

/// What messages can say: refusals, and demands to sign in.
extension HostileCase {
    /// The URL that a relay wants signed instead of its own.
    static let foreignURL = "wss://victim.example.com/"

    private static let long = String(repeating: "x", count: 1 << 20)

    private static func closed(_ name: String, _ message: String, _ error: String, as relayClass: Class)
        -> HostileCase
    {
        HostileCase("21 CLOSED " + name) {
            ($0.behaviour.answer, $0.stored) = (.closed(message), .none)
            $0.fails(error, as: relayClass)
            $0.reasons = [error]
            $0.gap = ["payment_required": 6, "restricted": 7][error]
        }
    }

    private static let refusals: [HostileCase] =
        ["error", "invalid", "duplicate", "pow", "unsupported", "unknown-word"].map {
            closed($0, $0 + ": because", "closed", as: .ok)
        } + ["restricted", "blocked", "mute"].map { closed($0, $0 + ": because", "restricted", as: .blocked) } + [
            closed("payment-required", "payment-required: see our page", "payment_required", as: .blocked),
            closed("without a prefix", "", "closed", as: .ok),
            closed("rate-limited", "rate-limited: slow down", "rate_limited", as: .ok),
            closed("auth-required", "auth-required: sign in", "auth_required", as: .auth),
            closed("with 1 MB of text", "error: " + long, "closed", as: .ok),
        ]

    static let messages: [HostileCase] =
        refusals + [
            HostileCase("7a an event nested 100,000 deep") {
                let deep = String(repeating: "[", count: 100_000)
                $0.behaviour.answer = .preceded(by: [#"["EVENT","$",{"more":\#(deep)}]"#])
                $0.reasons = ["too_deep"]
            },
            HostileCase("7b EOSE nested 100,000 deep") {
                let deep = String(repeating: "[", count: 100_000)
                $0.behaviour.answer = .preceded(by: [#"["EOSE","$",\#(deep)"#])
                $0.reasons = ["bad_message"]
            },
            HostileCase("7c a flood of what is no JSON") {
                ($0.behaviour.answer, $0.stored) = (.garbage(200), .none)
                $0.fails("abuse", as: .unreachable)
                $0.reasons = ["bad_message"]
            },
            HostileCase("23a a new challenge after each AUTH") {
                ($0.behaviour.requiresAuth, $0.behaviour.challengesAgain) = (true, true)
                $0.behaviour.challenge = "first"
                $0.reasons = ["challenge"]
            },
            HostileCase("23b AUTH is never enough") {
                ($0.behaviour.requiresAuth, $0.behaviour.challengesAgain, $0.stored) = (true, true, .none)
                $0.behaviour.challenge = "first"
                $0.behaviour.refusalAfterAuth = "auth-required: once more"
                $0.fails("auth_required", as: .auth)
                $0.reasons = ["auth_required", "challenge"]
            },
            HostileCase("23c challenges by the thousand") {
                let flood = (0..<6_000).map { #"["AUTH","challenge \#($0)"]"# }
                ($0.behaviour.answer, $0.stored) = (.preceded(by: flood), .none)
                $0.fails("abuse", as: .unreachable)
                $0.reasons = ["challenge"]
            },
            HostileCase("24 a challenge with another relay's URL") {
                $0.behaviour.requiresAuth = true
                $0.behaviour.challenge = foreignURL
                $0.reasons = ["challenge"]
            },
        ]
}
