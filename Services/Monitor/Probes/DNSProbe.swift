import Database
import Net
import Nostr
import ServiceKit

/// Asks name servers about a relay's host: addresses and aliases, the servers of its domain, and the name that its
/// address has. An observation only: whom to connect to is decided elsewhere.
struct DNSProbe: Sendable {
    let client: DNSClient
    let addressGuard: AddressGuard
    let clock: MonotonicClock

    /// Asks, within a time for all questions together.
    /// - Parameter address: the one whose name is wanted; nil means the first that may be contacted.
    /// - Throws: `CancellationError`.
    func run(
        _ url: RelayURL, connectedTo address: ResolvedAddress?, within limit: Duration
    ) async throws -> DNSResult {
        let start = clock.now()
        async let four = ask(DNSQuestion(url.host, .a), within: limit)
        async let six = ask(DNSQuestion(url.host, .aaaa), within: limit)
        async let servers = ask(DNSQuestion(url.registeredDomain, .ns), within: limit)
        var result = DNSResult(ipv4: await four, ipv6: await six)
        if let address = address ?? result.addresses.first, addressGuard.check(address) == .allowed {
            let left = max(limit - (clock.now() - start), .milliseconds(1))
            result.pointers = try? await ask(DNSQuestion(pointerTo: address), within: left).get()
        }
        result.servers = try? await servers.get()
        try Task.checkCancellation()
        result.duration = clock.now() - start
        return result
    }

    private func ask(_ question: DNSQuestion, within limit: Duration) async -> Result<DNSAnswer, DNSError> {
        do throws(DNSError) {
            return .success(try await client.ask(question, within: limit))
        } catch {
            return .failure(error)
        }
    }
}

/// What name servers said.
struct DNSResult: Sendable, Equatable {
    /// Of all questions together.
    var duration = Duration.zero
    /// The answer about A.
    var ipv4: Result<DNSAnswer, DNSError>
    /// The answer about AAAA.
    var ipv6: Result<DNSAnswer, DNSError>
    /// Of the registered domain; nil where nobody said.
    var servers: DNSAnswer?
    /// Names of the address; nil where it has none.
    var pointers: DNSAnswer?

    private var answers: [DNSAnswer] { [ipv4, ipv6].compactMap { try? $0.get() } }

    /// Those of A, then those of AAAA.
    var addresses: [ResolvedAddress] { answers.flatMap(\.addresses) }

    /// The name has an address.
    var isSuccess: Bool { !answers.isEmpty }

    /// Why it has none; of two reasons the one that says more than that such records are absent.
    var reason: String? {
        guard !isSuccess else { return nil }
        let errors = [ipv4, ipv6].compactMap { answer in
            if case .failure(let error) = answer { error } else { nil }
        }
        return (errors.first { $0 != .noData } ?? .noData).rawValue
    }

    /// As it is stored. Lists are sorted, because servers turn them round and round.
    var document: JSONValue {
        let (four, six) = (try? ipv4.get(), try? ipv6.get())
        let isCut = (answers + [servers, pointers].compactMap(\.self)).contains(where: \.isCut)
        return ProbeDocument.make(
            isSuccess, duration, reason,
            [
                ("a", Self.list(four?.addresses.map(\.description))),
                ("aaaa", Self.list(six?.addresses.map(\.description))),
                ("cname", (answers.first?.aliases).flatMap { $0.isEmpty ? nil : .array($0.map(JSONValue.string)) }),
                ("ns", Self.list(servers?.names)), ("ptr", Self.list(pointers?.names)),
                ("ttl", answers.map(\.ttlSeconds).min().map { .integer($0) }),
                ("cut", isCut ? .bool(true) : nil),
            ])
    }

    private static func list(_ texts: [String]?) -> JSONValue? {
        texts.map { .array($0.sorted().map(JSONValue.string)) }
    }
}
