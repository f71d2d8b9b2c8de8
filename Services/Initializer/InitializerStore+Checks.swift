import Database
import Logging
import Settings

/// Logins and verification.
extension InitializerStore {
    /// $1 logins. Only a superuser may read verifiers.
    static let loginVerifiers = NamedStatement(
        "login_verifiers",
        "SELECT rolname::text, rolpassword FROM pg_catalog.pg_authid WHERE rolname::text = ANY ($1)",
        parameters: [.textArray], columns: [.text, .text], isIdempotent: true)

    /// $1 logins.
    static let existingLogins = NamedStatement(
        "existing_logins", "SELECT rolname::text FROM pg_catalog.pg_roles WHERE rolname::text = ANY ($1)",
        parameters: [.textArray], columns: [.text], isIdempotent: true)

    /// The passwords of those of these logins that exist, as far as this user may see them.
    func passwords(of logins: [String]) async throws -> [String: StoredPassword] {
        do {
            return try await brotr.pool.fetch(Self.loginVerifiers, .texts(logins)).reduce(into: [:]) { stored, row in
                stored[try row.decode(String.self, at: 0)] = .verifier(try row.decode(String?.self, at: 1) ?? "")
            }
        } catch let error as DatabaseError where error.kind == .insufficientPrivilege {
            return try await brotr.pool.fetch(Self.existingLogins, .texts(logins)).reduce(into: [:]) { stored, row in
                stored[try row.decode(String.self, at: 0)] = .hidden
            }
        }
    }

    /// $1 service, $2 verifier or NULL for the password there is.
    static let createLogin = NamedStatement(
        "create_login", "SELECT public.create_service_login($1, $2)", parameters: [.text, .text], columns: [.text],
        isIdempotent: true)

    /// Makes the login of a service, or repairs what it lacks: membership, settings, the password when one is given.
    /// - Parameter verifier: never a password, so that no log of the server can hold one.
    func createLogin(service: String, verifier: String?) async throws {
        try await brotr.pool.fetch(Self.createLogin, .text(service), .text(verifier))
    }

    /// $1 kinds, $2 names, parallel.
    static let missingObjects = NamedStatement(
        "missing_objects",
        """
        SELECT w.kind || ' ' || w.name
          FROM unnest($1::text[], $2::text[]) AS w (kind, name)
         WHERE NOT CASE w.kind
            WHEN 'extension' THEN EXISTS (SELECT FROM pg_extension e WHERE e.extname = w.name)
            WHEN 'procedure' THEN EXISTS (
                SELECT FROM pg_proc p WHERE p.pronamespace = 'public'::regnamespace AND p.proname = w.name)
            ELSE EXISTS (
                SELECT FROM pg_class c
                 WHERE c.relnamespace = 'public'::regnamespace AND c.relname = w.name
                   AND c.relkind IN ('r', 'p') = (w.kind = 'table') AND c.relkind IN ('v', 'm') = (w.kind = 'view'))
            END
         ORDER BY 1
        """,
        parameters: [.textArray, .textArray], columns: [.text], isIdempotent: true)

    /// What the release of this schema needs.
    static let missingOfRelease = NamedStatement(
        "missing_of_release", "SELECT m FROM public.schema_missing() AS m ORDER BY m", columns: [.text],
        isIdempotent: true)

    /// Those of these objects that the database does not have: "table relays".
    func missing(_ objects: [(kind: String, name: String)]) async throws -> [String] {
        try await brotr.pool.fetch(
            Self.missingObjects, .texts(objects.map { $0.kind }), .texts(objects.map { $0.name })
        ).map { try $0.decode(at: 0) }
    }

    /// What the release of this schema needs and the database does not have: "column relays.network text!".
    func missingOfRelease() async throws -> [String] {
        do {
            return try await brotr.pool.fetch(Self.missingOfRelease).map { try $0.decode(at: 0) }
        } catch let error as DatabaseError where error.sqlState == "42883" {
            return ["function schema_missing()"]
        }
    }
}

/// What can be seen of a login's password.
enum StoredPassword: Sendable, Equatable {
    /// As the server keeps it; empty where there is none.
    case verifier(String)
    /// Nothing: this user may not see it.
    case hidden
}

extension InitializerStore {
    /// Logs in with a password, the way the service will. Only a refusal of the password speaks against it: whatever
    /// else goes wrong says nothing about it.
    func mayStay(_ login: String, password: Secret) async throws -> Bool {
        var settings = brotr.settings.pool
        settings.database.user = login
        settings.limits.minSize = 0
        settings.limits.maxSize = 1
        settings.retry.maxAttempts = 1
        // A refusal is an answer here, and no warning.
        let pool = Pool(
            settings: settings, password: password, applicationName: "bigbrotr-initializer",
            logger: Logger(label: "initializer") { _ in SwiftLogNoOpLogHandler() })
        do {
            try await pool.withRunning { _ = try await pool.fetch(Self.serverFacts) }
            return true
        } catch let error as DatabaseError {
            return error.kind != .authenticationFailed
        }
    }
}
