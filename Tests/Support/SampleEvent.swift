public import Crypto
import Glibc

/// A signed event made by `EventFactory`: its JSON, and what it says, known without parsing it.
public struct SampleEvent: Sendable, Hashable {
    /// SHA-256 of the canonical form.
    public let id: Bytes32
    /// The author.
    public let publicKey: Bytes32
    /// Unix seconds.
    public let createdAt: Int64
    /// NIP-01 kind.
    public let kind: UInt16
    /// The NIP-01 object in UTF-8, without a newline in it.
    public let json: [UInt8]

    /// The same as text.
    public var text: String { String(decoding: json, as: UTF8.self) }
}

extension Sequence where Element == SampleEvent {
    /// Writes one event a line to a new file.
    public func writeJSONL(to path: String) throws {
        guard let file = fopen(path, "w") else { throw ChildProcess.Failure(description: "cannot write \(path)") }
        var isWritten = true
        for event in self {
            isWritten = isWritten && fwrite(event.json, 1, event.json.count, file) == event.json.count
            isWritten = isWritten && putc(0x0a, file) != EOF
        }
        guard fclose(file) == 0, isWritten else { throw ChildProcess.Failure(description: "cannot write \(path)") }
    }
}
