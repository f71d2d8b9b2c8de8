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

    private static func snakeCase(_ name: String) -> String {
        var result = ""
        for character in name {
            if character.isUppercase, let last = result.last, last != "_" { result += "_" }
            result += character.lowercased()
        }
        return result
    }
}
