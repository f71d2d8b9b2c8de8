import Testing

/// The seven executables.
enum FleetService: String, CaseIterable, CustomTestStringConvertible {
    case initializer
    case finder
    case monitor
    case synchronizer
    case prioritySynchronizer = "priority_synchronizer"
    case api
    case dvm

    /// Name of the executable.
    var product: String { "bigbrotr-" + rawValue.split(separator: "_").joined(separator: "-") }

    /// Its own file, below the folder of an instance.
    var file: String { "yaml/services/\(rawValue).yaml" }

    /// What its own file says where a test does not care: nobody outside this machine is asked.
    var settings: String { self == .finder ? "api: { enabled: false }\n" : "" }

    /// Works once and ends, also without `--once`.
    var runsOnce: Bool { self == .initializer }

    var testDescription: String { rawValue }
}
