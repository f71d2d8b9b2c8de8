import CPostgres
import Glibc

/// The rows of one result, in the order of the server. Values stay in libpq's memory until they are decoded.
public struct RowSet: RandomAccessCollection, Sendable {
    let result: ServerResult

    /// Always 0.
    public var startIndex: Int { 0 }
    /// How many rows there are.
    public var endIndex: Int { result.rowCount }
    /// One row, counted from 0.
    public subscript(position: Int) -> Row {
        precondition(position >= 0 && position < result.rowCount, "row \(position) of \(result.rowCount)")
        return Row(result: result, index: position)
    }

    /// Rows inserted, updated, deleted or selected, as the command tag says.
    public var affectedRows: Int { result.affectedRows }

    /// The types of the columns, as identifiers of this database.
    public var columnTypes: [UInt32] { (0..<result.columnCount).map { result.type(ofColumn: $0) } }
}

/// One row.
public struct Row: Sendable {
    let result: ServerResult
    let index: Int

    /// How many columns it has.
    public var count: Int { result.columnCount }

    /// The value of one column, counted from 0. Throws kind `decoding` for NULL (unless `Value` is optional), another
    /// type or a missing column.
    public func decode<Value: SQLDecodable>(_ type: Value.Type = Value.self, at column: Int) throws(DatabaseError)
        -> Value
    {
        guard column >= 0, column < result.columnCount else {
            throw DatabaseError(.decoding, step: "decode", wasSent: true, detail: "no column \(column)")
        }
        do {
            return try Value(sql: result.field(row: index, column: column))
        } catch {
            throw DatabaseError(
                .decoding, step: "decode", wasSent: true, object: result.name(ofColumn: column),
                detail: "\(error.rawValue), expected \(Value.self)")
        }
    }

    /// All columns at once: `let (id, name) = try row.decode(Int32.self, String?.self)`.
    public func decode<each Value: SQLDecodable>(_ types: repeat (each Value).Type) throws -> (repeat each Value) {
        var column = -1
        func next<One: SQLDecodable>(_ type: One.Type) throws(DatabaseError) -> One {
            column += 1
            return try decode(type, at: column)
        }
        return (repeat try next((each Value).self))
    }
}

/// Owns one PGresult.
///
/// @unchecked: libpq documents a finished result as read-only and safe to pass between threads; nothing here writes.
final class ServerResult: @unchecked Sendable {
    private let pointer: OpaquePointer
    let rowCount: Int
    let columnCount: Int

    init(_ pointer: OpaquePointer) {
        self.pointer = pointer
        rowCount = Int(PQntuples(pointer))
        columnCount = Int(PQnfields(pointer))
    }

    deinit { PQclear(pointer) }

    var status: ExecStatusType { PQresultStatus(pointer) }

    /// Not a result but a state in which rows would be copied.
    var isCopy: Bool { [PGRES_COPY_IN, PGRES_COPY_OUT, PGRES_COPY_BOTH].contains(status) }

    var affectedRows: Int { PQcmdTuples(pointer).map { Int(atoi($0)) } ?? 0 }

    /// The command tag, for example `COMMIT`.
    var command: String { PQcmdStatus(pointer).map { String(cString: $0) } ?? "" }

    func type(ofColumn column: Int) -> UInt32 { PQftype(pointer, Int32(column)) }

    func name(ofColumn column: Int) -> String {
        PQfname(pointer, Int32(column)).map { String(cString: $0) } ?? ""
    }

    func parameterTypes() -> [UInt32] {
        (0..<PQnparams(pointer)).map { PQparamtype(pointer, $0) }
    }

    func field(row: Int, column: Int) -> SQLField {
        let (row, column) = (Int32(row), Int32(column))
        let type = PQftype(pointer, column)
        guard PQgetisnull(pointer, row, column) == 0 else { return SQLField(type: type, bytes: nil) }
        let length = Int(PQgetlength(pointer, row, column))
        return SQLField(
            type: type, bytes: UnsafeRawBufferPointer(start: PQgetvalue(pointer, row, column), count: length))
    }

    func diagnostic(_ field: Int32) -> String? {
        PQresultErrorField(pointer, field).map { String(cString: $0) }
    }
}
