import Support

/// How much is done to how many replicas.
struct ChaosDose {
    /// Synchronizers that run at a time.
    let replicas = 3
    let relays = Dose.of(5, full: 20)
    let realRelays = Dose.of(3, full: 4)
    let events = Dose.of(6_000, full: 200_000)
    /// Replicas that are killed, each at once followed by a new one.
    let kills = Dose.of(10, full: 200)
    /// Replicas that are stopped for longer than their leases.
    let pauses = Dose.of(2, full: 40)
    /// How often each of the two servers is ended and started again.
    let crashes = Dose.of(1, full: 10)
    /// Events asked for at a time: so few that the work lasts through all of it.
    let pageSize = Dose.of(40, full: 100)
    /// Connections of one replica: two have some to spare for what the third one held.
    let connections = Dose.of(2, full: 8)
    /// Seconds.
    let leaseTTL = 2.0
    /// For the next share of the work to be done, and for all of it to end.
    let patience = Duration.seconds(120)

    /// What happens, in an order that the generator decides.
    func moves(using random: inout SplitMix64) -> [ChaosMove] {
        let moves =
            [ChaosMove](repeating: .kill, count: kills) + [ChaosMove](repeating: .pause, count: pauses)
            + [ChaosMove](repeating: .crashPostgres, count: crashes)
            + [ChaosMove](repeating: .crashPgBouncer, count: crashes)
        return moves.shuffled(using: &random)
    }
}

/// One thing that goes wrong.
enum ChaosMove: Sendable {
    /// A replica dies and another one comes.
    case kill
    /// A replica stands still for longer than its lease and then goes on.
    case pause
    /// PostgreSQL loses all sessions and reads its log again.
    case crashPostgres
    /// PgBouncer is killed.
    case crashPgBouncer
}
