import Settings

/// Section `checks.geo`: files in MaxMind's format, from the instance's folder. What is not named is not looked up.
struct GeoSettings: SettingsSection {
    /// Countries or cities by address. Replace it by renaming a new file over it, never by writing into it.
    var city: String?
    /// Autonomous systems by address. The same holds.
    var asn: String?

    /// Whether anything is looked up.
    var isConfigured: Bool { city != nil || asn != nil }

    func validate(into problems: inout Validation) {
        for (name, path) in [("city", city), ("asn", asn)] where path?.isEmpty == true {
            problems.require(false, name, given: "an empty path", allowed: "a path, or nothing")
        }
    }
}
