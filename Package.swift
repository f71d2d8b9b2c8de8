// swift-tools-version: 6.2
import PackageDescription

#if !os(Linux)
    #error("BigBrotr runs on Linux. On other systems use its container: see compose/compose.yaml.")
#endif

// The architecture, as three tables. A module may import what stands on its right-hand side and nothing else:
// the build refuses an undeclared import, and TidyTests compare every file's imports with these rows.

let nio = "https://github.com/apple/swift-nio.git"
let nioVersion: Version = "2.101.2"

/// Outside packages: product, repository, version.
let packages: [(product: String, repository: String, version: Version)] = [
    ("Yams", "https://github.com/jpsim/Yams.git", "6.2.2"),
    ("Logging", "https://github.com/apple/swift-log.git", "1.16.2"),
    ("Metrics", "https://github.com/apple/swift-metrics.git", "2.13.0"),
    ("DequeModule", "https://github.com/apple/swift-collections.git", "1.6.0"),
    ("ArgumentParser", "https://github.com/apple/swift-argument-parser.git", "1.8.2"),
    ("UnixSignals", "https://github.com/swift-server/swift-service-lifecycle.git", "2.13.0"),
    ("NIOCore", nio, nioVersion), ("NIOPosix", nio, nioVersion), ("NIOHTTP1", nio, nioVersion),
    ("NIOConcurrencyHelpers", nio, nioVersion), ("NIOTLS", nio, nioVersion),
    ("NIOEmbedded", nio, nioVersion), ("NIOWebSocket", nio, nioVersion),
    ("NIOSSL", "https://github.com/apple/swift-nio-ssl.git", "2.37.6"),
]

/// System libraries: one C module each, imported by exactly one Swift module.
let libraries: [(name: String, pkgConfig: String, apt: String)] = [
    ("CPostgres", "libpq", "libpq-dev"),
    ("COpenSSL", "libcrypto", "libssl-dev"),
    ("CSecp256k1", "libsecp256k1", "libsecp256k1-dev"),
    ("CIDN2", "libidn2", "libidn2-dev"),
    ("CPSL", "libpsl", "libpsl-dev"),
    ("CCurl", "libcurl", "libcurl4-openssl-dev"),
    ("CCares", "libcares", "libc-ares-dev"),
    ("CSSL", "libssl", "libssl-dev"),
    ("CMaxMindDB", "libmaxminddb", "libmaxminddb-dev"),
]

/// The Shared library, in layer order.
let telemetry = ["Telemetry", "Logging", "Metrics"]
let sockets = ["NIOCore", "NIOPosix", "NIOHTTP1"]
let netLibraries = ["CCurl", "CCares", "CSSL", "CMaxMindDB", "NIOSSL", "NIOTLS"]
let shared: [(name: String, imports: [String])] = [
    ("Threads", []),
    ("Crypto", ["COpenSSL", "CSecp256k1"]),
    ("Nostr", ["Crypto", "CIDN2", "CPSL"]),
    ("Settings", ["Yams"]),
    ("Telemetry", ["Logging", "Metrics"]),
    ("Database", telemetry + ["CPostgres", "Crypto", "Nostr", "Settings", "Threads", "DequeModule"]),
    ("Net", telemetry + sockets + netLibraries + ["Crypto", "Settings", "Threads", "NIOConcurrencyHelpers"]),
    ("RelayClient", telemetry + ["Nostr", "Net", "Settings", "NIOCore", "DequeModule"]),
    ("ServiceKit", telemetry + sockets + ["Database", "Nostr", "Settings", "ArgumentParser", "UnixSignals"]),
    ("SyncEngine", telemetry + ["Crypto", "Nostr", "RelayClient", "Net", "Database", "ServiceKit", "Settings"]),
]

/// The seven executables: product, target folder, imports. None imports another.
let base = ["Database", "Nostr", "ServiceKit", "Settings", "Telemetry", "Logging"]
let services: [(product: String, name: String, imports: [String])] = [
    ("bigbrotr-initializer", "Initializer", base + ["Crypto"]),
    ("bigbrotr-finder", "Finder", base + ["Crypto", "Net", "Metrics"]),
    ("bigbrotr-monitor", "Monitor", base + ["Crypto", "Metrics", "Net", "RelayClient"]),
    ("bigbrotr-synchronizer", "Synchronizer", base + ["SyncEngine"]),
    ("bigbrotr-priority-synchronizer", "PrioritySynchronizer", base + ["Crypto", "SyncEngine", "Metrics"]),
    ("bigbrotr-api", "API", base),
    ("bigbrotr-dvm", "DVM", base),
]

/// Tests: one bundle a module and a service; Support is linked by tests and benchmarks only.
let supportImports = [
    "Crypto", "Nostr", "Settings", "Telemetry", "Database", "Net", "Logging",
    "NIOCore", "NIOPosix", "NIOHTTP1", "NIOWebSocket", "NIOSSL", "NIOConcurrencyHelpers",
]
let benchmarkImports = ["Support", "SyncEngine", "RelayClient", "ServiceKit"] + supportImports
let testExtras: [String: [String]] = [
    "Finder": ["NIOConcurrencyHelpers"], "Net": ["NIOEmbedded"], "RelayClient": ["Crypto"], "Synchronizer": ["Crypto"],
]
/// What lies beside the Swift files of a test.
let testFiles: [String: [String]] = ["NostrTests": ["negentropy_vectors.json"], "StoreTests": ["sql"]]
let tested = ["Support", "Database", "Crypto", "Nostr", "Settings"]
let storing = ["Finder", "Initializer", "Monitor", "PrioritySynchronizer", "Synchronizer", "SyncEngine"]
let wholeTests: [(name: String, imports: [String])] = [
    ("StoreTests", tested + storing),
    ("FleetTests", tested + ["NIOConcurrencyHelpers"]),
    ("SimulatorTests", tested + ["SyncEngine", "RelayClient", "ServiceKit", "Logging"]),
    ("TidyTests", []),
]

// What follows turns the tables into targets.

let strict: [SwiftSetting] = [
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("InternalImportsByDefault"),
    .enableUpcomingFeature("MemberImportVisibility"),
    .treatAllWarnings(as: .error),
]

/// Tests are not optimised: they compile faster, and Swift 6.3.1's optimiser fails on some of them with a "circular
/// reference" where they make an actor of another module that brings its own executor.
let unoptimised = strict + [SwiftSetting.unsafeFlags(["-Onone"])]

func dependency(_ name: String) -> Target.Dependency {
    guard let package = packages.first(where: { $0.product == name }) else { return .target(name: name) }
    let file = package.repository.split(separator: "/").last ?? ""
    return .product(name: name, package: String(file.dropLast(".git".count)))
}

func dependencies(_ names: [String]) -> [Target.Dependency] { names.map(dependency) }

/// Except where what they do is most of the work.
let optimisedTests = ["SimulatorTests"]

func testTarget(_ name: String, _ imports: [String]) -> Target {
    .testTarget(
        name: name, dependencies: dependencies(imports), path: "Tests/\(name)", exclude: testFiles[name] ?? [],
        swiftSettings: optimisedTests.contains(name) ? strict : unoptimised)
}

let libraryTargets: [Target] = libraries.map {
    .systemLibrary(name: $0.name, path: "Shared/\($0.name)", pkgConfig: $0.pkgConfig, providers: [.apt([$0.apt])])
}
let sharedTargets: [Target] = shared.map {
    .target(name: $0.name, dependencies: dependencies($0.imports), path: "Shared/\($0.name)", swiftSettings: strict)
}
let serviceTargets: [Target] = services.map {
    .executableTarget(
        name: $0.name, dependencies: dependencies($0.imports), path: "Services/\($0.name)",
        exclude: ["README.md"], swiftSettings: strict)
}
let cModules = Set(libraries.map(\.name))
let moduleTests: [Target] = (shared + services.map { ($0.name, $0.imports) }).map { name, imports in
    let swift = imports.filter { !cModules.contains($0) }
    return testTarget("\(name)Tests", [name, "Support"] + swift + (testExtras[name] ?? []))
}
let otherTests: [Target] = wholeTests.map { testTarget($0.name, $0.imports) }
let support: [Target] = [
    .target(
        name: "Support", dependencies: dependencies(supportImports), path: "Tests/Support",
        swiftSettings: unoptimised),
    .executableTarget(
        name: "Benchmarks", dependencies: dependencies(benchmarkImports),
        path: "Tests/Benchmarks", swiftSettings: strict),
]

let package = Package(
    name: "bigbrotr",
    products: services.map { .executable(name: $0.product, targets: [$0.name]) },
    dependencies: Dictionary(packages.map { ($0.repository, $0.version) }, uniquingKeysWith: { first, _ in first })
        .sorted { $0.key < $1.key }.map { .package(url: $0.key, from: $0.value) },
    targets: libraryTargets + sharedTargets + serviceTargets + support + moduleTests + otherTests,
    swiftLanguageModes: [.v6]
)
