import ServiceKit

/// Why a step of the Initializer cannot succeed, however often it is tried.
enum InitializerError: NamedError, Equatable {
    /// A file or folder that cannot be read; the reason is the system's.
    case unreadable(path: String, reason: String)
    /// A file that is larger than what is read.
    case tooLarge(path: String, limitBytes: Int)
    /// No `.sql` file in a folder that has to hold some.
    case noFiles(folder: String)
    /// A migration whose name is not `0001_name`.
    case badName(file: String)
    /// Two migrations with one number, or a number left out before this file.
    case badNumber(file: String)
    /// A migration was applied with another content than its file has now.
    case checksumMismatch(file: String)
    /// A migration was applied under another name.
    case renamed(file: String, applied: String)
    /// A migration that is older than the newest one was not applied.
    case leftOut(file: String, newest: Int32)
    /// The database has migrations of a later release than these files.
    case newer(version: Int32, known: Int32)
    /// The files of `init` ran and recorded no migration.
    case notRecorded(folder: String)
    /// Only the primary server takes writes.
    case standby
    /// A variable with a password that no login can have.
    case badPassword(variable: String)
    /// The database user may not do this to these logins.
    case mayNotCreateLogins(logins: [String], user: String)
    /// Objects that have to be there and are not.
    case missing([String])

    var kindName: String {
        switch self {
        case .unreadable, .tooLarge, .noFiles: "file_unreadable"
        case .badName, .badNumber: "bad_migration_name"
        case .checksumMismatch, .renamed: "checksum_mismatch"
        case .leftOut: "migration_left_out"
        case .newer: "schema_newer"
        case .notRecorded: "migration_not_recorded"
        case .standby: "standby"
        case .badPassword: "bad_password"
        case .mayNotCreateLogins: "insufficient_privilege"
        case .missing: "schema_incomplete"
        }
    }
}

extension InitializerError: CustomStringConvertible {
    /// Names listed in one message.
    private static let shownNames = 50

    var description: String {
        switch self {
        case .unreadable(let path, let reason): "cannot read \(path): \(reason)"
        case .tooLarge(let path, let limitBytes): "\(path) has more than \(limitBytes) bytes"
        case .noFiles(let folder): "no .sql files in \(folder)"
        case .badName(let file): "\(file) is no name of a migration: 0001_what_it_does.sql is"
        case .badNumber(let file): "migrations are numbered from 1 without gaps, each once; \(file) is not in its place"
        case .checksumMismatch(let file):
            "\(file) is not what was applied to this database: an applied migration must never change"
        case .renamed(let file, let applied): "\(file) was applied to this database under the name \(applied)"
        case .leftOut(let file, let newest):
            "\(file) was never applied, but the database is at migration \(newest): migrations go in order of number"
        case .newer(let version, let known):
            "the database is at migration \(version), these files end at \(known): use the release that goes with it"
        case .notRecorded(let folder): "the files of \(folder) recorded no migration"
        case .standby: "the server is a standby, which takes no writes"
        case .badPassword(let variable): "the password in \(variable) is not 1 to 128 printable ASCII characters"
        case .mayNotCreateLogins(let logins, let user):
            """
            \(user) may not create or change the logins \(logins.joined(separator: ", ")): \
            give it CREATEROLE, or make them as an administrator (docs/DATABASE.md)
            """
        case .missing(let names): "\(names.count) objects are missing: \(Self.list(names))"
        }
    }

    private static func list(_ names: [String]) -> String {
        let rest = names.count - shownNames
        return names.prefix(shownNames).joined(separator: ", ") + (rest > 0 ? " and \(rest) more" : "")
    }
}
