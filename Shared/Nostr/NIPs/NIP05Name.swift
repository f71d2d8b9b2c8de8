public import Crypto

/// An author's name in the form of a mail address, and where the document is that confirms it (NIP-05).
public struct NIP05Name: Hashable, Sendable {
    /// Before the at sign, in small letters: a-z, 0-9, `-`, `_`, `.`; `_` stands for the domain itself.
    public let local: String
    /// Host in normal form, with a port where it is not the scheme's own.
    public let domain: String
    /// By which network the host is reached.
    public let network: Network

    /// Most bytes of the whole name.
    public static let maxBytes = 320

    /// nil for a text that is no such name: wrong letters, no host, a path.
    public init?(_ text: String) {
        guard text.utf8.count <= Self.maxBytes, let at = text.lastIndex(of: "@") else { return nil }
        let local = text[..<at].lowercased()
        let isSpelled = local.utf8.allSatisfy {
            (0x30...0x39).contains($0) || (0x61...0x7A).contains($0) || [0x2D, 0x2E, 0x5F].contains($0)
        }
        guard isSpelled, (1...64).contains(local.utf8.count),
            let url = try? RelayURL.parse("wss://\(text[text.index(after: at)...])"),
            url.path == "/", let host = Self.authority(url)
        else { return nil }
        self.local = local
        domain = host
        network = url.network
    }

    /// The name in a profile, the content of kind 0; nil where it has none, or no JSON.
    public init?(profile: [UInt8]) {
        guard let path = JSONPath("nip05"), let found = try? JSONSelection(path, in: profile).strings.last
        else { return nil }
        self.init(found)
    }

    /// nil where the URL has more than a host and a port.
    private static func authority(_ url: RelayURL) -> String? {
        let rest = url.text.utf8.dropFirst("wss://".utf8.count)
        return rest.contains(UInt8(ascii: "?")) ? nil : String(rest)
    }

    /// Where the document is. Overlay networks have no certificates, so it is plain HTTP there.
    public var documentURL: String {
        let scheme = [.tor, .i2p, .loki].contains(network) ? "http" : "https"
        return "\(scheme)://\(domain)/.well-known/nostr.json?name=\(local)"
    }

    /// What a document says of an author.
    public enum Answer: Equatable, Sendable {
        /// The name is the author's; their relays as they are spelt there, at most 1,000.
        case relays([String])
        /// The name is somebody else's, or nobody's.
        case otherAuthor
        /// No such document.
        case malformed
    }

    /// Reads a document.
    /// - Parameters:
    ///   - author: 32 bytes.
    ///   - depth: levels of JSON at most.
    public func read(_ document: [UInt8], author: Bytes32, depth: Int = JSONDepth.usual) -> Answer {
        let key = author.hex
        let names: [String]
        do throws(JSONSelection.Failure) {
            names = try JSONSelection(JSONPath(members: ["names", local]), in: document, depth: depth).strings
        } catch { return error == .unexpectedShape ? .otherAuthor : .malformed }
        guard names.last?.lowercased() == key else { return .otherAuthor }
        let relays = try? JSONSelection(
            JSONPath(members: ["relays", key], hasElements: true), in: document, mostStrings: 1_000,
            depth: depth)
        return .relays(relays?.strings ?? [])
    }
}
