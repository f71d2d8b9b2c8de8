/// Statements that the driver and the pool need for themselves.
extension Brotr {
    /// Opens a transaction.
    static let begin = NamedStatement("begin", "BEGIN")
    /// Opens a transaction that sees one snapshot throughout.
    static let beginRepeatableRead = NamedStatement("begin", "BEGIN ISOLATION LEVEL REPEATABLE READ")
    /// Opens a transaction that behaves as if it ran alone.
    static let beginSerializable = NamedStatement("begin", "BEGIN ISOLATION LEVEL SERIALIZABLE")
    /// Ends a transaction; the answer `ROLLBACK` means that it had failed before.
    static let commit = NamedStatement("commit", "COMMIT")
    /// Undoes a transaction.
    static let rollback = NamedStatement("rollback", "ROLLBACK")
    /// The smallest statement, for health checks.
    static let ping = NamedStatement("ping", "SELECT 1", columns: [.int4], isIdempotent: true)
    /// Identifiers of types by name, as this database numbers them; NULL for one that does not exist.
    static let typeIdentifiers = NamedStatement(
        "type_identifiers",
        """
        SELECT name, to_regtype(name)::oid
          FROM unnest($1::text[]) AS wanted (name)
        """,
        parameters: [.textArray], columns: [.text, .oid], isIdempotent: true)
}
