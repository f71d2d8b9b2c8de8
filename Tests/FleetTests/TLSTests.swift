import Database
import Glibc
import Nostr
import Support
import Testing

/// Relays behind TLS: verification is on, and a private authority is trusted only where it is named.
@Suite(.serialized, .timeLimit(.minutes(10))) struct TLSTests {
    private func expectRefusal(
        _ certificate: TestCertificates, kind: String, core: String, sourceLocation: SourceLocation = #_sourceLocation
    ) async throws {
        var factory = EventFactory(seed: 81)
        let relay = try await FakeRelay.start(events: factory.events(5), tls: certificate)
        try await withFleet { fleet in
            try await fleet.add([relay.url.text])
            let process = try await fleet.runOnce(own: SynchronizerFile().text, core: core)
            let rows = try await fleet.database.pool.fetch("SELECT last_error FROM relay_sync")
            let error = try rows.first?.decode(String?.self, at: 0)
            #expect(error == kind, "\(process.everything)", sourceLocation: sourceLocation)
            #expect(try await fleet.eventCount() == 0, sourceLocation: sourceLocation)
            #expect(relay.connectionCount == 0, sourceLocation: sourceLocation)
        }
        await relay.stop()
    }

    /// The core sections that trust the tests' authority.
    private func trusting() throws -> (core: String, path: String) {
        let path = try TestCertificates.writeAuthority()
        return (Fleet.local + "tls:\n  ca_file: \(path)\n", path)
    }

    @Test func `a certificate of an unknown authority is refused`() async throws {
        try await expectRefusal(.valid, kind: "certificate_untrusted", core: Fleet.local)
    }

    @Test(arguments: [
        (TestCertificates.expired, "certificate_expired"), (.notYetValid, "certificate_not_yet_valid"),
        (.otherHost, "hostname_mismatch"), (.selfSigned, "certificate_untrusted"),
    ])
    func `a named authority does not make a bad certificate good`(
        _ certificate: TestCertificates, _ kind: String
    ) async throws {
        let (core, path) = try trusting()
        defer { unlink(path) }
        try await expectRefusal(certificate, kind: kind, core: core)
    }

    @Test func `with the authority named the relay is archived`() async throws {
        let (core, path) = try trusting()
        defer { unlink(path) }
        var factory = EventFactory(seed: 82)
        let events = factory.events(300)
        let relay = try await FakeRelay.start(events: events, tls: .valid)
        try await withFleet { fleet in
            try await fleet.add([relay.url.text])
            try await fleet.runOnce(own: SynchronizerFile().text, core: core)
            try await fleet.expectExactly([relay.url.text: Set(events.map(\.id))])
        }
        await relay.stop()
    }
}
