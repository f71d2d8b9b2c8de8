public import Settings

/// Section `rate`: how fast relays are asked, once one has said that it was too fast.
public struct RateSettings: SettingsSection {
    /// Requests a second below which a learned rate does not fall, 0.01 to 10. Too small: a visit ends before it has
    /// asked anything. Too large: a relay that wants less refuses for ever.
    public var floor = 0.1
    /// Requests a second from which a learned rate is forgotten, 0.1 to 1,000. Too small: relays are refused again
    /// soon. Too large: a relay that refused once is asked slowly for days.
    public var ceiling = 20.0
    /// Connections of one replica to one address at a time, 1 to 1,000; not counted for local relays and behind a
    /// proxy. Too small: the relays of a large host wait for each other. Too large: its operator takes us for an
    /// attack.
    public var connectionsPerAddress = 4

    /// The defaults.
    public init() {}

    /// Ranges, and the order of the two rates.
    public func validate(into problems: inout Validation) {
        problems.check("floor", floor, in: 0.01...10)
        problems.check("ceiling", ceiling, in: 0.1...1_000)
        problems.check("connections_per_address", connectionsPerAddress, in: 1...1_000)
        problems.require(
            floor < ceiling, "floor", given: String(floor), allowed: "less than rate.ceiling (\(ceiling))")
    }
}
