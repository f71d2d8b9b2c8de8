import Database
import ServiceKit
import Settings

/// The logins of the six other services, each a member of its group role.
struct ServiceLogins: Sendable {
    /// Services with a login of their own. The Initializer itself works as whoever owns the database.
    static let services = ["finder", "monitor", "synchronizer", "priority_synchronizer", "api", "dvm"]

    let store: InitializerStore
    let retry: StepRetry

    /// Logins by what was done to them.
    struct Report: Sendable, Equatable {
        /// Did not exist.
        var created: [String] = []
        /// Have another password than before.
        var renewed: [String] = []
        /// Had the right password, or one that cannot be looked at.
        var kept: [String] = []
    }

    /// A service's login: `bigbrotr_finder`.
    static func login(_ service: String) -> String { "bigbrotr_" + service }

    /// The password a service is given: `DB_PASSWORD_FINDER`, otherwise `DB_PASSWORD`.
    /// - Throws: a password that no login can have, by the name of its variable.
    static func password(_ service: String, _ environment: Environment) throws(InitializerError) -> Secret {
        let own = "DB_PASSWORD_" + service.uppercased()
        let variable = environment[own] == nil ? "DB_PASSWORD" : own
        guard let secret = environment.secret(variable), secret.withExposed(PasswordVerifier.isUsable) else {
            throw .badPassword(variable: variable)
        }
        return secret
    }

    /// Makes what is missing. A password that is right stays as it is stored: PgBouncer keeps what it derived from it,
    /// and a new salt would shut it out until its clients log in again.
    func apply(user: String) async throws -> Report {
        let environment = retry.context.environment
        var wishes: [(service: String, password: Secret)] = []
        for service in Self.services { wishes.append((service, try Self.password(service, environment))) }
        let stored = try await retry.run("create_logins") {
            try await store.passwords(of: Self.services.map(Self.login))
        }
        var report = Report()
        var refused: [String] = []
        for (service, password) in wishes {
            let login = Self.login(service)
            do {
                try await apply(service, password, stored[login], &report)
            } catch let error as DatabaseError where error.kind == .insufficientPrivilege {
                refused.append(login)
            }
        }
        guard refused.isEmpty else { throw InitializerError.mayNotCreateLogins(logins: refused, user: user) }
        return report
    }

    private func apply(
        _ service: String, _ password: Secret, _ stored: StoredPassword?, _ report: inout Report
    ) async throws {
        let login = Self.login(service)
        let isRight = try await isRight(stored, login, password)
        let verifier = isRight ? nil : password.withExposed { PasswordVerifier.make($0) }
        try await retry.run("create_logins") { try await store.createLogin(service: service, verifier: verifier) }
        switch (stored, isRight) {
        case (nil, _): report.created.append(login)
        case (_, true): report.kept.append(login)
        case (_, false): report.renewed.append(login)
        }
    }

    /// Whether the stored password is this one. Where it is hidden, logging in is the only way to find out.
    private func isRight(_ stored: StoredPassword?, _ login: String, _ password: Secret) async throws -> Bool {
        switch stored {
        case nil: return false
        case .verifier(let verifier): return password.withExposed { PasswordVerifier.matches(verifier, password: $0) }
        case .hidden: return try await store.mayStay(login, password: password)
        }
    }
}
