import Glibc
import Nostr
import ServiceKit
import Support

/// Relays for the Monitor to check, in a process of their own: what they do is not what is measured.
struct MonitoredRelays {
    /// What they are like.
    enum Kind: String {
        /// They answer everything at once; half of them over TLS, under a name that has records.
        case good
        /// They open at once and answer late; all over TLS.
        case slow
        /// A quarter refuses connections, a quarter does not take them, a quarter takes them and says nothing, a
        /// quarter opens a WebSocket and says nothing.
        case dead
    }

    /// How late the slow ones answer.
    static let delay = Duration.seconds(8)
    /// With this argument the program is the process of the relays: what they are like and how many follow.
    static let argument = "--serve-monitored"

    let urls: [String]
    /// "127.0.0.1:port"; it knows the names of these relays.
    let nameServer: String
    private let process: ChildProcess

    /// Starts them.
    init(_ kind: Kind, _ count: Int) throws {
        process = try ChildProcess("/proc/self/exe", [Self.argument, kind.rawValue, String(count)])
        nameServer = try process.readLine(within: .seconds(60)) ?? ""
        urls = try (0..<count).compactMap { [process] _ in try process.readLine(within: .seconds(60)) }
        precondition(urls.count == count, "each relay tells its URL")
    }

    /// Seconds of CPU so far.
    var cpu: Double { CPUTime.of(process: process.processID) }

    /// Ends them.
    func stop() { process.end(within: .seconds(10)) }

    /// Prints the address of the name server, then the URLs, one a line; the relays are there until the process is
    /// ended.
    static func serve(_ arguments: [String]) async throws {
        guard arguments.count == 2, let kind = Kind(rawValue: arguments[0]), let count = Int(arguments[1]) else {
            throw BenchmarkOptions.Unknown(argument: arguments.joined(separator: " "))
        }
        ProcessResources.raiseOpenFiles()
        let names = try await FakeNameServer.start(records)
        print(names.address)
        var factory = EventFactory(seed: 35)
        let event = factory.next()
        var relays: [FakeRelay] = []
        var ports: [UnansweredPort] = []
        switch kind {
        case .good: for number in 0..<count { relays.append(try await good(number, event)) }
        case .slow: for number in 0..<count { relays.append(try await slow(number, event)) }
        case .dead: (relays, ports) = try await dead(count)
        }
        fflush(nil)
        // Also when whoever started it is gone.
        while readLine() != nil {}
        for relay in relays { await relay.stop() }
        withExtendedLifetime(ports) {}
        await names.stop()
    }

    private static func good(_ number: Int, _ event: SampleEvent) async throws -> FakeRelay {
        let isSecure = number.isMultiple(of: 2)
        let host = isSecure ? "127.0.0.1" : "127.3.\(number / 200).\(1 + number % 200)"
        let relay = try await FakeRelay.start(
            events: [event], behaviour: informed(number), tls: isSecure ? .valid : nil, host: host)
        print(relay.url.text)
        return relay
    }

    /// Half of them under the name, half under the address: so many no single host may have checked at one time.
    private static func slow(_ number: Int, _ event: SampleEvent) async throws -> FakeRelay {
        var behaviour = informed(number)
        behaviour.delay = delay
        let relay = try await FakeRelay.start(events: [event], behaviour: behaviour, tls: .valid)
        print(number.isMultiple(of: 2) ? relay.url.text : "wss://127.0.0.1:\(relay.port)")
        return relay
    }

    /// Twenty hosts of each sort; the relays of a host differ by their paths.
    private static func dead(_ count: Int) async throws -> ([FakeRelay], [UnansweredPort]) {
        var relays: [FakeRelay] = []
        var ports: [UnansweredPort] = []
        var hosts: [String] = []
        for number in 1...20 {
            let (full, silent) = (
                try UnansweredPort("127.1.1.\(number)", isFull: true),
                try UnansweredPort("127.1.2.\(number)", isFull: false)
            )
            let mute = try await FakeRelay.start(behaviour: FakeRelayBehaviour(.silent), host: "127.1.3.\(number)")
            ports += [full, silent]
            relays.append(mute)
            hosts += ["127.1.0.\(number):1", full.address, silent.address, "127.1.3.\(number):\(mute.port)"]
        }
        for number in 0..<count { print("ws://\(hosts[number % hosts.count])/\(number)") }
        return (relays, ports)
    }

    private static func informed(_ number: Int) -> FakeRelayBehaviour {
        var behaviour = FakeRelayBehaviour()
        behaviour.information = """
            {"name":"relay \(number)","description":"\(String(repeating: "one of many ", count: 20))",\
            "supported_nips":[1,9,11,42,77],"software":"https://example.com/relay","version":"1.0",\
            "limitation":{"max_message_length":131072,"max_subscriptions":20,"max_limit":500,"auth_required":false}}
            """
        return behaviour
    }

    /// The one name has both addresses; addresses and domains have nothing.
    private static func records(_ question: FakeNameServer.Question) -> FakeNameServer.Reply {
        switch question.type {
        case 1: .records([.address(question.name, [127, 0, 0, 1])])
        case 28: .records([.address(question.name, [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1])])
        default: .error(3)
        }
    }
}
