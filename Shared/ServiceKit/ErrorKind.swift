internal import Database
internal import Settings

/// An error with a short stable name for logs and metrics.
public protocol NamedError: Error {
    /// In snake_case: "rate_limited".
    var kindName: String { get }
}

/// Short stable names of errors.
public enum ErrorKind {
    /// The name of any error; a type that has none gives its own name.
    public static func name(of error: any Error) -> String {
        switch error {
        case let error as DatabaseError: error.kind.rawValue
        case let error as SettingsError: error.kind
        case let error as any NamedError: error.kindName
        case is CancellationError: "cancelled"
        default: snakeCase("\(type(of: error))")
        }
    }

    /// Names of errors which say that the database cannot be worked with at all now, whatever is asked.
    static let unreachable: Set<String> = Set(
        [.connectionFailed, .authenticationFailed, .connectionLost, .acquisitionTimeout]
            .map { (kind: DatabaseError.Kind) in kind.rawValue })

    /// A word begins at a capital after a small letter, and at the last capital of several: `DNSError` has two words.
    static func snakeCase(_ name: String) -> String {
        let characters = Array(name)
        var result = ""
        for (index, character) in characters.enumerated() {
            if index > 0, character.isUppercase {
                let endsAcronym = index + 1 < characters.count && characters[index + 1].isLowercase
                if !characters[index - 1].isUppercase || endsAcronym { result += "_" }
            }
            result += character.lowercased()
        }
        return result
    }
}
