/// What went wrong between this process and PostgreSQL.
///
/// The text names kind, step and SQLSTATE, and a constraint where one was broken. It never holds values, keys or event
/// contents: the server's own message is kept only where it cannot contain any (`detail`).
/// Cancellation of a task is not one of these: it passes as `CancellationError`.
public struct DatabaseError: Error, Sendable, Equatable {
    /// A short, stable list, for logs and metrics.
    public enum Kind: String, Sendable, CaseIterable {
        /// No connection could be made: network, start-up, too many clients.
        case connectionFailed = "connection_failed"
        /// The server refused user or password.
        case authenticationFailed = "authentication_failed"
        /// An open connection ended. What the statement did is unknown if `wasSent`.
        case connectionLost = "connection_lost"
        /// No connection became free in time.
        case acquisitionTimeout = "acquisition_timeout"
        /// The pool is not running (any more).
        case poolClosed = "pool_closed"
        /// The client's deadline passed; the server was told to stop.
        case deadlineExceeded = "deadline_exceeded"
        /// The server stopped the statement by itself (its own timeout, an operator).
        case queryCancelled = "query_cancelled"
        /// 40001: run the transaction again.
        case serializationFailure = "serialization_failure"
        /// 40P01: run the transaction again.
        case deadlock = "deadlock"
        /// Class 23: unique, foreign key, check, not null, exclusion.
        case constraintViolation = "constraint_violation"
        /// Classes 22 and 54: a value the server cannot hold.
        case dataError = "data_error"
        /// Class 42: the statement does not fit the schema.
        case statementError = "statement_error"
        /// 42501.
        case insufficientPrivilege = "insufficient_privilege"
        /// Class 53: out of memory, disk or connections.
        case resources
        /// 25006 and the like: a standby, or a transaction in the wrong state.
        case transactionState = "transaction_state"
        /// A value could not be encoded; nothing was sent.
        case encoding
        /// A result is not of the type or shape the code expects.
        case decoding
        /// The schema lacks what a setting or this release names.
        case schemaMismatch = "schema_mismatch"
        /// Everything else.
        case other
    }

    /// What the caller's loop should do.
    public enum Disposition: Sendable, Equatable {
        /// Try the same again after a pause.
        case retry(after: Duration)
        /// This data will not go through: leave it out (quarantine) and go on.
        case skip
        /// Nothing will change by itself.
        case fail
    }

    /// What went wrong.
    public var kind: Kind
    /// Five characters of the server, for example `23505`; nil when the server did not speak.
    public var sqlState: String?
    /// Where: `connect`, `acquire`, or the name of the statement.
    public var step: String
    /// False when the statement certainly did not reach the server, so that it may be sent again whatever it does.
    public var wasSent: Bool
    /// The constraint, function, type or setting that is named by the error; never data.
    public var object: String?
    /// The server's message, kept only for errors of connecting, privilege, statement text and resources.
    public var detail: String?

    /// Direct form, for tests and for callers that find a mismatch themselves.
    public init(
        _ kind: Kind, step: String, sqlState: String? = nil, wasSent: Bool = false, object: String? = nil,
        detail: String? = nil
    ) {
        self.kind = kind
        self.step = step
        self.sqlState = sqlState
        self.wasSent = wasSent
        self.object = object
        self.detail = detail
    }

    /// What the caller's loop should do.
    public var disposition: Disposition {
        switch kind {
        case .serializationFailure, .deadlock: .retry(after: .milliseconds(50))
        case .connectionFailed, .connectionLost, .acquisitionTimeout, .deadlineExceeded, .queryCancelled, .resources,
            .authenticationFailed, .transactionState, .schemaMismatch:
            .retry(after: .seconds(1))
        case .dataError, .constraintViolation, .encoding: .skip
        case .poolClosed, .statementError, .insufficientPrivilege, .decoding, .other: .fail
        }
    }
}

extension DatabaseError: CustomStringConvertible {
    /// One line: `deadlock at commit_pages (40P01)`.
    public var description: String {
        var text = "\(kind.rawValue) at \(step)"
        if let sqlState { text += " (\(sqlState))" }
        if let object { text += ": \(object)" }
        if let detail { text += ": \(detail)" }
        return text
    }
}

extension DatabaseError.Kind {
    /// The kind of a SQLSTATE (PostgreSQL, appendix A).
    init(sqlState: String) {
        switch sqlState {
        case "40001": self = .serializationFailure
        case "40P01": self = .deadlock
        case "42501": self = .insufficientPrivilege
        case "57014": self = .queryCancelled
        case "25006": self = .transactionState
        case "3D000", "57P03", "08001", "08004": self = .connectionFailed
        case "57P01", "57P02", "57P04", "57P05", "08003", "08006", "25P03", "08P01": self = .connectionLost
        default: self = Self.ofClass(sqlState.prefix(2))
        }
    }

    private static func ofClass(_ letters: Substring) -> Self {
        switch letters {
        // 54 is a limit that a value breaks: an index row too long, JSON too deep.
        case "22", "54": .dataError
        case "23", "44": .constraintViolation
        case "25", "40", "2D", "0B": .transactionState
        case "28": .authenticationFailed
        case "42", "26", "3F", "0A": .statementError
        case "53": .resources
        case "08": .connectionLost
        default: .other
        }
    }

    /// Whether the server's message of this kind is free of data: it can then be shown.
    var messageIsHarmless: Bool {
        switch self {
        case .connectionFailed, .authenticationFailed, .insufficientPrivilege, .statementError, .resources: true
        default: false
        }
    }
}
