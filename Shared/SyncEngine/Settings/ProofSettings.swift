public import Settings

/// Section `proof`: what makes an interval count as complete.
public struct ProofSettings: SettingsSection {
    /// From one walk to the second, independent one. Too short: a fault that lasts is taken for the truth twice.
    public var secondPass: Seconds = 3_600

    /// The defaults.
    public init() {}

    /// The range.
    public func validate(into problems: inout Validation) {
        problems.check("second_pass", secondPass, in: 0.1...2_592_000)
    }
}

/// Section `rescan`: when complete intervals are looked at again for what came late.
public struct RescanSettings: SettingsSection {
    /// Waits, each longer than the one before, the last one repeated; 1 to 20. Too long: backdated events are found
    /// late.
    public var schedule: [Seconds] = [3_600, 21_600, 86_400, 259_200, 864_000, 2_592_000, 7_776_000, 15_552_000]

    /// The defaults.
    public init() {}

    /// Number, order, and none at once.
    public func validate(into problems: inout Validation) {
        problems.check("schedule", schedule.count, in: 1...20)
        let isRising = zip(schedule, schedule.dropFirst()).allSatisfy { $0 < $1 }
        problems.require(
            isRising && schedule.first != 0, "schedule",
            given: schedule.map(\.settingText).joined(separator: ", "),
            allowed: "waits above 0, each longer than the last")
    }
}
