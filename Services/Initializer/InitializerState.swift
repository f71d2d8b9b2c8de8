import ServiceKit

/// What the Initializer has done; the schema's own record is `schema_migrations`.
struct InitializerState: ServiceState, Equatable {
    /// Unix seconds of the end of the last run.
    var lastRunAt: Int64?
    /// Newest migration of the database after the last run; nil before the first.
    var schemaVersion: Int32?
    /// Runs.
    var runs: Int64 = 0
    /// Relays that seeding added, all runs together.
    var relaysSeeded: Int64 = 0
    /// Relays of the seed file that the last run found known.
    var relaysKnown: Int64 = 0
    /// Lines of the seed file that the last run left out.
    var relaysRejected: Int64 = 0

    /// Nothing done yet.
    init() {}
}
