/// The tables of `Package.swift`, read from its text.
///
/// The text is read, not the resolved package: SwiftPM accepts rows that these checks refuse, and asking it would need
/// the build lock that the running tests hold.
struct Manifest {
    /// One module and what it may import.
    struct Row: Equatable {
        var name: String
        var imports: [String]
    }

    /// One executable.
    struct Service: Equatable {
        var product: String
        var name: String
        var imports: [String]
    }

    /// One outside package product.
    struct Package: Equatable {
        var product: String
        var repository: String
    }

    /// One system library.
    struct Library: Equatable {
        var name: String
        var pkgConfig: String
    }

    var packages: [Package]
    var libraries: [Library]
    var shared: [Row]
    var services: [Service]
    var supportImports: [String]
    var benchmarkImports: [String]
    var testExtras: [String: [String]]
    var wholeTests: [Row]

    /// Reads all tables; throws `ManifestError` naming the first that is absent or has another shape.
    init(text: String) throws {
        let tables = ManifestTables(text: text)
        packages = try tables.rows("packages").map { row in
            Package(product: try tables.string(row, 0), repository: try tables.string(row, 1))
        }
        libraries = try tables.rows("libraries").map { row in
            Library(name: try tables.string(row, 0), pkgConfig: try tables.string(row, 1))
        }
        shared = try tables.rows("shared").map { Row(name: try tables.string($0, 0), imports: try tables.names($0, 1)) }
        services = try tables.rows("services").map { row in
            Service(
                product: try tables.string(row, 0), name: try tables.string(row, 1), imports: try tables.names(row, 2))
        }
        supportImports = try tables.names("supportImports")
        benchmarkImports = try tables.names("benchmarkImports")
        testExtras = try tables.dictionary("testExtras")
        wholeTests = try tables.rows("wholeTests").map {
            Row(name: try tables.string($0, 0), imports: try tables.names($0, 1))
        }
    }

    /// Names of the C modules.
    var cModules: Set<String> { Set(libraries.map(\.name)) }
}

/// Why a table could not be read.
struct ManifestError: Error, Equatable {
    /// Name of the table or constant.
    var table: String
}
