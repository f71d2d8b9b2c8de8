import Testing

@testable import Database

/// Kinds, dispositions and what an error says.
@Suite struct DatabaseErrorTests {
    @Test(
        arguments: [
            ("40001", .serializationFailure), ("40P01", .deadlock), ("23505", .constraintViolation),
            ("23P01", .constraintViolation),
            ("22021", .dataError), ("22P05", .dataError), ("54000", .dataError), ("42883", .statementError),
            ("42P01", .statementError), ("42501", .insufficientPrivilege), ("53300", .resources),
            ("57014", .queryCancelled),
            ("57P01", .connectionLost), ("57P03", .connectionFailed), ("3D000", .connectionFailed),
            ("08006", .connectionLost),
            ("08P01", .connectionLost), ("28P01", .authenticationFailed), ("25006", .transactionState),
            ("P0001", .other),
            ("XX000", .other), ("", .other), ("?", .other),
        ] as [(String, DatabaseError.Kind)])
    func `a SQLSTATE has a kind`(state: String, kind: DatabaseError.Kind) {
        #expect(DatabaseError.Kind(sqlState: state) == kind)
    }

    @Test func `kinds are snake_case and distinct`() {
        let names = DatabaseError.Kind.allCases.map(\.rawValue)
        #expect(names.allSatisfy(ProcedureNames.isName))
        #expect(Set(names).count == names.count)
    }

    @Test func `the text is one line of names`() {
        let error = DatabaseError(
            .constraintViolation, step: "commit_pages", sqlState: "23505", wasSent: true, object: "events_relays_pkey")
        #expect("\(error)" == "constraint_violation at commit_pages (23505): events_relays_pkey")
    }

    @Test func `data is skipped, trouble is retried, mistakes are not`() {
        #expect(DatabaseError(.dataError, step: "t").disposition == .skip)
        #expect(DatabaseError(.statementError, step: "t").disposition == .fail)
        for kind in [.connectionFailed, .connectionLost, .deadlock, .resources] as [DatabaseError.Kind] {
            guard case .retry = DatabaseError(kind, step: "t").disposition else {
                Issue.record("\(kind)")
                continue
            }
        }
    }
}
