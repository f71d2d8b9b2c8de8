import ServiceKit
import Settings

/// Settings of the Initializer: `yaml/services/initializer.yaml`.
struct InitializerConfig: ServiceConfig {
    /// What is compared with `expected_schema`.
    var verification = VerificationSettings()
    /// The least that has to be there.
    var expectedSchema = ExpectedSchema()
    /// Relays to begin with.
    var seed = SeedSettings()
    /// Of a step that fails because the database went away, or because another installation was in the way.
    var retry = RetrySettings()
    /// For one file of the schema, and for the wait for another Initializer. Too short: a migration of a large archive
    /// never ends; too long: a migration that waits for somebody's lock is noticed late.
    var migrationTimeout: Seconds = 3_600
    /// Its own health port.
    var health: ServiceHealthSettings?

    /// It runs once; there is no next time.
    var cyclePause: Duration { .seconds(60) }

    func validate(into problems: inout Validation) {
        problems.check("migration_timeout", migrationTimeout, in: 1...604_800)
    }
}

/// Section `verification`. What is switched off is noticed by the first service that needs it.
struct VerificationSettings: SettingsSection {
    /// Tables, with all that belongs to them: columns, indexes, constraints, policies.
    var tables = true
    /// Stored functions, those of `procedures` in the core file too.
    var procedures = true
    /// Extensions.
    var extensions = true
    /// Views.
    var views = true
}

/// Section `expected_schema`: names of objects in schema public. What this release itself needs is looked for anyway.
struct ExpectedSchema: SettingsSection {
    /// Extensions.
    var extensions = ["pgcrypto", "btree_gin"]
    /// Tables.
    var tables = ["relays", "events", "events_relays", "nip11", "nip66", "relay_metadata", "service_state"]
    /// Stored functions.
    var procedures = ["insert_event", "insert_relay", "delete_orphan_events"]
    /// Views.
    var views = [
        "relay_metadata_latest", "events_statistics", "relays_statistics", "kind_counts_total", "kind_counts_by_relay",
        "pubkey_counts_total", "pubkey_counts_by_relay",
    ]

    func validate(into problems: inout Validation) {
        for (key, names) in [
            ("extensions", extensions), ("tables", tables), ("procedures", procedures), ("views", views),
        ] {
            problems.check(key, names.count, in: 0...1_000)
            for (index, name) in names.enumerated() {
                problems.check("\(key).[\(index)]", text: name, maxBytes: 63)
            }
        }
    }
}

/// Section `seed`.
struct SeedSettings: SettingsSection {
    /// Off: nothing is read; relays come from the Finder and the priority list alone.
    var enabled = true
    /// A URL a line, relative to the folder of the instance.
    var path = "data/seed_relays.txt"
    /// Relays in one call. Too few: a round trip for each; too many: a long transaction.
    var batchSize = 100

    func validate(into problems: inout Validation) {
        problems.check("path", text: path)
        problems.check("batch_size", batchSize, in: 1...10_000)
    }
}
