import Testing

@testable import ServiceKit

private struct DNSError: Error {}
private struct GeoFileError: Error {}
private struct Refused: NamedError { var kindName: String { "refused_by_relay" } }

@Suite struct ErrorKindTests {
    @Test(arguments: [
        ("DNSError", "dns_error"), ("GeoFileError", "geo_file_error"), ("TLS", "tls"), ("Lost2Pages", "lost2_pages"),
        ("A", "a"), ("", ""),
    ]) func `a type's name becomes words`(_ name: String, _ expected: String) {
        #expect(ErrorKind.snakeCase(name) == expected)
    }

    @Test func `an error tells its own name or that of its type`() {
        #expect(ErrorKind.name(of: DNSError()) == "dns_error")
        #expect(ErrorKind.name(of: GeoFileError()) == "geo_file_error")
        #expect(ErrorKind.name(of: Refused()) == "refused_by_relay")
        #expect(ErrorKind.name(of: CancellationError()) == "cancelled")
    }
}
