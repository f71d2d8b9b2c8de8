/// The certificate that a server showed for itself, as libcurl prints it; every text is the server's own word.
public struct HTTPCertificate: Sendable, Equatable {
    /// "CN = relay.example".
    public var subject = ""
    /// Who signed it: "C = US, O = ...".
    public var issuer = ""
    /// "Jan  1 00:00:00 2020 GMT".
    public var notBefore = ""
    /// "Jan  1 00:00:00 2120 GMT".
    public var notAfter = ""
    /// The whole certificate in PEM, at most 64 KiB; empty where it is longer.
    public var pem = ""

    /// Fields looked at; a certificate may have any number of extensions.
    static let mostLines = 256
    private static let mostTextBytes = 1_024
    private static let mostPEMBytes = 65_536

    /// From lines of "Name:value"; what is not known here is left out, and texts are cut.
    init(lines: [String]) {
        for line in lines {
            let sides = line.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
            guard sides.count == 2 else { continue }
            let value = Self.cut(sides[1])
            switch sides[0] {
            case "Subject": subject = value
            case "Issuer": issuer = value
            case "Start date": notBefore = value
            case "Expire date": notAfter = value
            case "Cert": pem = sides[1].utf8.count <= Self.mostPEMBytes ? String(sides[1]) : ""
            default: continue
            }
        }
    }

    private static func cut(_ text: Substring) -> String {
        String(decoding: text.utf8.prefix(mostTextBytes), as: UTF8.self)
    }
}
