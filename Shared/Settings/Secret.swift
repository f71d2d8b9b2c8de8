/// A value that must never reach a log, an error, a printout or a core file's readable places: it prints as dots.
public struct Secret: Sendable, Hashable, CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    private let text: String

    /// What stands in the place of a secret.
    public static let dots = "••••••••"

    /// Wraps the text as it is.
    public init(_ text: String) { self.text = text }

    /// Hands the text to the one place that needs it.
    public func withExposed<R>(_ body: (String) throws -> R) rethrows -> R { try body(text) }

    /// True when there is nothing to hide.
    public var isEmpty: Bool { text.isEmpty }

    /// Always the same dots, whatever the length.
    public var description: String { Self.dots }

    /// Always the same dots, whatever the length.
    public var debugDescription: String { Self.dots }

    /// Hides the stored text from `dump` and from string interpolation of enclosing values.
    public var customMirror: Mirror { Mirror(self, children: []) }
}
