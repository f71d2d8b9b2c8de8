import Nostr

/// The tags `R` of a relay (NIP-66): what it demands, and with `!` what it does not; left out where nobody knows.
struct RelayRequirements: Sendable, Equatable {
    /// "auth", "!writes", "pow", "!payment" and so on.
    let values: [String]

    /// From what was measured, then from what the relay says (`limitation` of NIP-11).
    init(_ report: CheckReport) {
        let claims = report.nip11?.document?.limitation
        func claim(_ name: String) -> Bool? { if case .bool(let value) = claims?[name] { value } else { nil } }
        let demands: [(String, Bool?)] = [
            ("auth", Self.authentication(report) ?? claim("auth_required") ?? Self.openness(report)),
            ("writes", Self.restriction(report) ?? claim("restricted_writes")),
            ("pow", Self.work(report) ?? Self.claimedWork(claims)), ("payment", claim("payment_required")),
        ]
        values = demands.compactMap { name, isDemanded in isDemanded.map { ($0 ? "" : "!") + name } }
    }

    private static func authentication(_ report: CheckReport) -> Bool? {
        report.read?.authentication == "required" || report.write?.reason == "auth_required" ? true : nil
    }

    /// A request that was served shows that reading needs no AUTH; it says nothing against what the relay claims.
    private static func openness(_ report: CheckReport) -> Bool? { report.read?.isSuccess == true ? false : nil }

    /// An event of a stranger was taken, or refused for who signed it.
    private static func restriction(_ report: CheckReport) -> Bool? {
        guard let write = report.write else { return nil }
        if write.isSuccess { return false }
        return write.reason == "refused_restricted" || write.reason == "refused_blocked" ? true : nil
    }

    private static func work(_ report: CheckReport) -> Bool? {
        guard let write = report.write else { return nil }
        if write.demandedBits != nil { return true }
        return write.isSuccess ? false : nil
    }

    private static func claimedWork(_ claims: JSONValue?) -> Bool? {
        guard case .number(let bits) = claims?["min_pow_difficulty"] else { return nil }
        return bits.integer.map { $0 > 0 }
    }
}
