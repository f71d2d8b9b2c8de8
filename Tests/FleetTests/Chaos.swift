import Glibc
import Support
import Testing

/// Replicas at work, and what is done to them. What happens to whom follows from the seed; the moments are set by how
/// far the work is, so that it lasts through all of it on every machine.
struct Chaos {
    private let dose: ChaosDose
    private let fleet: Fleet
    private let servers: OwnServers
    private let relays: ChaosRelays
    private let file: SynchronizerFile
    private let clock = ContinuousClock()
    private var random: SplitMix64
    /// Those that run now.
    private(set) var replicas: [ServiceProcess] = []
    /// All there ever were.
    private(set) var everybody: [ServiceProcess] = []

    init(_ dose: ChaosDose, _ fleet: Fleet, _ servers: OwnServers, _ relays: ChaosRelays, seed: UInt64) {
        (self.dose, self.fleet, self.servers, self.relays) = (dose, fleet, servers, relays)
        // A visit that the database cut off is taken up again soon, and nothing is read twice on purpose.
        file = SynchronizerFile(pageSize: dose.pageSize, retry: 0.1, retryCeiling: 2, leaseTTL: dose.leaseTTL)
        random = SplitMix64(seed: seed)
    }

    /// Lets everything happen, then waits for the work to end and ends the replicas as an operator does.
    mutating func run() async throws {
        for _ in 0..<dose.replicas { try startReplica() }
        let moves = dose.moves(using: &random)
        for (number, move) in moves.enumerated() {
            // The last tenth of the work is left for the end.
            try await waitForSightings(relays.count * number * 9 / (moves.count * 10))
            try await pause(upTo: 0.5)
            try await carryOut(move)
        }
        try await fleet.waitUntilSealed(dose.relays, by: replicas, within: dose.patience)
        for replica in replicas { #expect(try await replica.terminate() == 0, "\(replica.everything)") }
    }

    /// Leases that replicas noticed to have lost, most of them before they sent a page under them.
    var leasesLost: Int { everybody.reduce(0) { $0 + $1.log("lease_lost").count } }

    private mutating func carryOut(_ move: ChaosMove) async throws {
        for replica in replicas { try #require(replica.isRunning, "one ended by itself: \(replica.everything)") }
        switch move {
        case .kill: try await killOne()
        case .pause: try await stopOne()
        case .crashPostgres: try await crash(.postgres)
        case .crashPgBouncer: try await crash(.pgbouncer)
        }
    }

    private mutating func killOne() async throws {
        let victim = replicas.remove(at: Int.random(in: replicas.indices, using: &random))
        victim.send(signal: SIGKILL)
        #expect(try await victim.exit() == 128 + SIGKILL)
        try startReplica()
    }

    private mutating func startReplica() throws {
        let replica = try fleet.start(
            own: file.text,
            core: "networks:\n  local:\n    enabled: true\n    max_connections: \(dose.connections)\n")
        replicas.append(replica)
        everybody.append(replica)
    }

    /// It comes back when others have its relays, and still believes to hold them.
    private mutating func stopOne() async throws {
        let victim = replicas[Int.random(in: replicas.indices, using: &random)]
        victim.send(signal: SIGSTOP)
        try await clock.sleep(for: .seconds(dose.leaseTTL))
        try await pause(upTo: 1)
        victim.send(signal: SIGCONT)
    }

    private mutating func crash(_ program: OwnServers.Program) async throws {
        try await servers.crash(program)
        try await pause(upTo: 1)
        try await servers.start()
    }

    private mutating func pause(upTo seconds: Double) async throws {
        try await clock.sleep(for: .seconds(Double.random(in: 0...seconds, using: &random)))
    }

    private func waitForSightings(_ goal: Int) async throws {
        let said = { [replicas] in replicas.map(\.everything).joined(separator: "\n") }
        try await eventually("\(goal) of \(relays.count) sightings", within: dose.patience, found: said) {
            try await fleet.number("SELECT coalesce(sum(sightings), 0)::bigint FROM relay_sync") >= goal
        }
    }
}
