internal import Nostr
internal import Synchronization

/// What the addresses behind relays bear together: connections at a time, and requests a second. Pure.
struct AddressLimits: Sendable {
    /// Addresses and relays that are remembered without a connection; above, those are forgotten.
    static let mostRemembered = 50_000

    private struct Entry {
        var connections = 0
        var rate: RequestRate
    }

    private let settings: RateSettings
    private var entries: [String: Entry] = [:]
    private var lastAddresses: [RelayURL: String] = [:]
    private var rates: [RelayURL: RequestRate] = [:]

    init(_ settings: RateSettings) { self.settings = settings }

    /// Addresses in memory.
    var count: Int { entries.count }

    /// Takes one of the address's connections for a relay; false where all are taken.
    mutating func open(_ address: String, for relay: RelayURL) -> Bool {
        var entry = entries[address] ?? Entry(rate: RequestRate(settings))
        forgetIfTooMany()
        lastAddresses[relay] = address
        guard entry.connections < settings.connectionsPerAddress else { return false }
        entry.connections += 1
        entries[address] = entry
        return true
    }

    /// Whether two relays had the same address the last time.
    func areNeighbours(_ one: RelayURL, _ other: RelayURL) -> Bool {
        lastAddresses[one].map { $0 == lastAddresses[other] } ?? false
    }

    /// Whether the address that a relay had the last time has no connection left: then it is not even dialled.
    func isBusy(lastOf relay: RelayURL) -> Bool {
        guard let entry = lastAddresses[relay].flatMap({ entries[$0] }) else { return false }
        return entry.connections >= settings.connectionsPerAddress
    }

    /// Gives a connection back.
    mutating func close(_ address: String) {
        guard var entry = entries[address] else { return }
        entry.connections = max(entry.connections - 1, 0)
        let isOver = entry.connections == 0 && entry.rate.perSecond == nil
        entries[address] = isOver ? nil : entry
    }

    /// How long a request to the address has to wait.
    mutating func take(_ address: String, at now: Duration) -> Duration {
        entries[address]?.rate.take(at: now) ?? .zero
    }

    /// One of the address's relays has answered.
    mutating func succeed(_ address: String, at now: Duration) { entries[address]?.rate.succeed(at: now) }

    /// What a relay bears: as an earlier visit of this process left it, unless its row says something else by now.
    /// - Parameter remembered: of its row, in requests a second.
    func rate(of relay: RelayURL, remembered: Double?) -> RequestRate {
        if let rate = rates[relay], let known = rate.perSecond, let remembered, abs(known / remembered - 1) < 0.001 {
            return rate
        }
        return RequestRate(settings, remembered: remembered)
    }

    /// Keeps what a visit learned; nothing where no refusal is remembered.
    mutating func keep(_ rate: RequestRate, of relay: RelayURL) {
        forgetIfTooMany()
        rates[relay] = rate.perSecond == nil ? nil : rate
    }

    /// One of the address's relays was asked too fast.
    mutating func halve(_ address: String, at now: Duration) { entries[address]?.rate.halve(at: now) }

    /// A relay refused the connection itself: its address is the one it had the last time.
    mutating func halve(lastOf relay: RelayURL, at now: Duration) {
        guard let address = lastAddresses[relay] else { return }
        forgetIfTooMany()
        entries[address, default: Entry(rate: RequestRate(settings))].rate.halve(at: now)
    }

    private mutating func forgetIfTooMany() {
        if entries.count >= Self.mostRemembered { entries = entries.filter { $0.value.connections > 0 } }
        if lastAddresses.count >= Self.mostRemembered { lastAddresses = [:] }
        if rates.count >= Self.mostRemembered { rates = [:] }
    }
}

/// The limits of all addresses, shared by the visits of one process.
final class AddressBook: Sendable {
    private let limits: Mutex<AddressLimits>

    init(_ settings: RateSettings = RateSettings()) { limits = Mutex(AddressLimits(settings)) }

    /// Changes or reads the limits in one step.
    func update<Result: Sendable>(_ body: (inout AddressLimits) -> Result) -> Result { limits.withLock { body(&$0) } }
}
