public import Settings

/// Where and as whom a connection is made.
public struct ConnectionOptions: Sendable {
    /// Name or address of PgBouncer (or of PostgreSQL itself).
    public var host = "localhost"
    /// TCP port.
    public var port = 5432
    /// Name of the database.
    public var database = "brotr"
    /// Login.
    public var user = "admin"
    /// Its password; nil where the server asks for none.
    public var password: Secret?
    /// libpq's sslmode.
    public var sslmode = SSLMode.prefer
    /// Shown in pg_stat_activity.
    public var applicationName = "bigbrotr"
    /// From the first packet to the end of the login. Too small: a busy server looks dead.
    public var connectTimeout: Duration = .seconds(10)
    /// How long a cancelled statement may take to end before its socket is shut down.
    public var cancelGrace: Duration = .seconds(2)

    /// All defaults.
    public init() {}

    /// Keywords for libpq. Keep-alives find a peer that vanished within about a minute; unacknowledged data is given
    /// up after 30 s.
    var keywords: [(String, String)] {
        var list = [
            ("host", host), ("port", String(port)), ("dbname", database), ("user", user),
            ("sslmode", sslmode.settingText), ("application_name", applicationName), ("client_encoding", "UTF8"),
            ("keepalives", "1"), ("keepalives_idle", "30"), ("keepalives_interval", "10"), ("keepalives_count", "3"),
            ("tcp_user_timeout", "30000"),
            // Asking for Kerberos costs a round trip wherever a credential cache exists.
            ("gssencmode", "disable"),
        ]
        password?.withExposed { list.append(("password", $0)) }
        return list
    }
}

/// How much a connection insists on TLS; the names are libpq's.
public enum SSLMode: String, SettingsScalar, Equatable, CaseIterable {
    /// Never.
    case disable
    /// Only where the server insists.
    case allow
    /// Where the server has it.
    case prefer
    /// Always; the certificate is not looked at.
    case require
    /// Always, and the certificate must come from a trusted authority.
    case verifyCA = "verify-ca"
    /// The same, and it must name the host.
    case verifyFull = "verify-full"

    /// The six names.
    public static var allowed: String { allCases.map(\.rawValue).joined(separator: ", ") }
    /// One of the six names.
    public init?(settingText: String) { self.init(rawValue: settingText) }
    /// The name.
    public var settingText: String { rawValue }
}
