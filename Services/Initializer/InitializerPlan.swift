/// What the Initializer decides: which files of the schema have to run. Pure.
enum InitializerPlan {
    /// A file of `migrations`.
    struct Migration: Equatable, Sendable {
        /// Number, from 1.
        var version: Int32
        /// File name without `.sql`.
        var name: String
        /// SHA-256 of the file, 32 bytes.
        var checksum: [UInt8]

        /// As messages name it.
        var file: String { name + ".sql" }
    }

    /// What a database needs.
    enum Schema: Equatable, Sendable {
        /// It has no schema, or one whose installation did not end: the files of `init`.
        case install
        /// These migrations, in this order.
        case migrate([Migration])
        /// Nothing: it has what the files have.
        case current(version: Int32)
    }

    /// The migrations of a folder in order of their numbers.
    /// - Parameter files: names without `.sql`, with checksums, in any order.
    /// - Throws: a name without number, a number used twice or left out.
    static func migrations(
        _ files: [(name: String, checksum: [UInt8])]
    ) throws(InitializerError) -> [Migration] {
        var migrations: [Migration] = []
        for file in files {
            guard let version = version(of: file.name) else { throw .badName(file: file.name + ".sql") }
            migrations.append(Migration(version: version, name: file.name, checksum: file.checksum))
        }
        migrations.sort { ($0.version, $0.name) < ($1.version, $1.name) }
        for (index, migration) in migrations.enumerated() where Int(migration.version) != index + 1 {
            throw .badNumber(file: migration.file)
        }
        return migrations
    }

    /// What has to run on a database that has these migrations.
    /// - Parameters:
    ///   - applied: what the database recorded, ascending; empty without a schema.
    ///   - files: as `migrations` gives them.
    /// - Throws: an applied migration that differs from its file, one that was passed over, or a database that is newer
    ///   than the files.
    static func schema(applied: [Migration], files: [Migration]) throws(InitializerError) -> Schema {
        guard let newest = applied.last?.version else { return .install }
        let recorded = Dictionary(applied.map { ($0.version, $0) }, uniquingKeysWith: { first, _ in first })
        var wanted: [Migration] = []
        for file in files {
            guard let found = recorded[file.version] else {
                guard file.version > newest else { throw .leftOut(file: file.file, newest: newest) }
                wanted.append(file)
                continue
            }
            guard found.checksum == file.checksum else { throw .checksumMismatch(file: file.file) }
            guard found.name == file.name else { throw .renamed(file: file.file, applied: found.name) }
        }
        let known = files.last?.version ?? 0
        guard newest <= known else { throw .newer(version: newest, known: known) }
        return wanted.isEmpty ? .current(version: newest) : .migrate(wanted)
    }

    /// The number in front of `0001_first_release`; nil without one.
    private static func version(of name: String) -> Int32? {
        guard let end = name.firstIndex(of: "_"), end != name.index(before: name.endIndex) else { return nil }
        let digits = name[..<end]
        guard !digits.isEmpty, digits.utf8.allSatisfy({ (48...57).contains($0) }) else { return nil }
        return Int32(digits)
    }
}
