public import Nostr
public import Settings

/// How pages are fetched and stored, in both synchronizers.
public struct SyncSettings: SettingsSection {
    /// New events in one database call, 1 to 1,000. Too small: round trips cost more than the rows.
    public var batchRows = 1_000
    /// Event bytes in one database call. Too large: libpq, PgBouncer and PostgreSQL buffer it three times.
    public var batchBytes: ByteCount = .mebibytes(4)
    /// Database calls under way at the same time. Meanwhile pages of all relays gather for the next one, so more is not
    /// faster unless the database has processors to spare.
    public var batchCalls = 2
    /// Events asked for a page, 10 to 5,000. Larger than the relay's cap gains nothing.
    public var pageSize = 500
    /// Event bytes of one page; a page above is asked again at half the size.
    public var pageBytes: ByteCount = .mebibytes(8)
    /// Event bytes that the pages of all relays hold together, each from its arrival until it is stored; the columns
    /// made of them, and the call that stores them, are about twice as much again. Too small: relays wait for each
    /// other.
    public var pageMemory: ByteCount = .mebibytes(16)
    /// Comparisons of sets under way at the same time; each may have 100,000 ids of both sides in memory, and a large
    /// one keeps its place until it is taken up. Too few: relays wait for each other.
    public var comparisons = 4
    /// Time without a message from the relay after which a page is given up.
    public var progressTimeout: Seconds = 30
    /// Bytes of events a minute that a relay sends at least, once it sends any; a page that comes slower is given up.
    /// Too large: relays on thin lines are never read. Zero is no bound.
    public var progressBytes: ByteCount = 10_000
    /// Time for one page. Too small: slow relays never get a page through.
    public var pageTimeout: Seconds = 120
    /// How far behind the clock the newest proven second stays, so that events under way are not skipped.
    /// Each later visit reads this span again.
    public var overlap: Seconds = 900
    /// How far ahead of the database's clock events are walked through like others. A relay whose newest page is all
    /// further ahead is read from there down: what is due by now comes first. Too small: events of authors whose clocks
    /// are fast come late; too large: invented dates are read before what is due.
    public var clockSlack: Seconds = 3_600
    /// Time between two visits of a relay whose history is read.
    public var revisitInterval: Seconds = 60
    /// Time between two looks for relays that are due. Too small: the database is asked for nothing.
    public var claimInterval: Seconds = 1
    /// Longest cycle of a process that ends with it (`--once`). Too small: what is due is left undone.
    public var cycleLimit: Seconds = 600
    /// Longest cycle of a process that goes on: an account of what was done, by which metrics, state and readiness are
    /// brought up to date. Visits go on beyond it. Too small: rows are written for nothing.
    public var accountInterval: Seconds = 30
    /// How long a relay of the priority list has to wait for its own service before the Synchronizer visits it, with
    /// slots that are left. Too small: the reserved capacity is of no use. Too large: relays wait while that service is
    /// down.
    public var helpOverdue: Seconds = 600
    /// Bytes kept of an event that is refused; the table takes 64 KiB. Too small: what was wrong with it is not seen.
    public var quarantineBytes: ByteCount = .kibibytes(64)
    /// Stores ephemeral kinds (20000-29999) too; kinds 22242 and 27235 are never stored.
    public var storesEphemeral = false

    /// The defaults.
    public init() {}

    /// Ranges, and relations between the timeouts.
    public func validate(into problems: inout Validation) {
        problems.check("batch_rows", batchRows, in: 1...1_000)
        problems.check("batch_bytes", batchBytes, in: .kibibytes(64)...(.mebibytes(16)))
        problems.check("batch_calls", batchCalls, in: 1...64)
        problems.check("page_size", pageSize, in: 10...5_000)
        problems.check("page_bytes", pageBytes, in: .kibibytes(64)...(.mebibytes(256)))
        problems.check("page_memory", pageMemory, in: .mebibytes(1)...(.mebibytes(16_384)))
        problems.require(
            pageBytes.bytes <= pageMemory.bytes, "page_bytes", given: pageBytes.settingText,
            allowed: "at most page_memory (\(pageMemory.settingText))")
        problems.check("comparisons", comparisons, in: 1...1_000)
        problems.check("progress_timeout", progressTimeout, in: 0.1...600)
        problems.check("progress_bytes", progressBytes, in: 0...ByteCount.mebibytes(16))
        problems.check("page_timeout", pageTimeout, in: 0.1...3_600)
        problems.check("overlap", overlap, in: 0...86_400)
        problems.check("clock_slack", clockSlack, in: 1...86_400)
        problems.check("revisit_interval", revisitInterval, in: 0.1...604_800)
        problems.check("claim_interval", claimInterval, in: 0.01...60)
        problems.check("cycle_limit", cycleLimit, in: 1...86_400)
        problems.check("account_interval", accountInterval, in: 1...86_400)
        problems.check("help_overdue", helpOverdue, in: 0.1...604_800)
        problems.check("quarantine_bytes", quarantineBytes, in: .kibibytes(1)...(.kibibytes(64)))
        problems.require(
            progressTimeout <= pageTimeout, "progress_timeout", given: progressTimeout.settingText,
            allowed: "at most page_timeout (\(pageTimeout.settingText))")
    }
}

/// The fenced lease under which one replica works on a relay.
public struct LeaseSettings: SettingsSection {
    /// After this time without a renewal another replica may take the relay over. Too small: a slow database loses
    /// leases. Too large: the relays of a killed replica wait.
    public var ttl: Seconds = 60
    /// Time between renewals. Too large: one slow renewal loses the lease.
    public var heartbeat: Seconds = 20

    /// The defaults.
    public init() {}

    /// Ranges, and at least two renewals in a lease.
    public func validate(into problems: inout Validation) {
        problems.check("ttl", ttl, in: 0.5...3_600)
        problems.check("heartbeat", heartbeat, in: 0.1...1_200)
        problems.require(
            heartbeat.value * 2 <= ttl.value, "heartbeat", given: heartbeat.settingText,
            allowed: "at most half of lease.ttl (\(ttl.settingText))")
    }
}

/// What one visit of a relay may take.
public struct BudgetSettings: SettingsSection {
    /// Length of a visit; history that is left goes on in the next one. Too small: connecting costs more than reading.
    public var visit: Seconds = 60
    /// Event bytes of a visit, after which other relays have their turn. Too small: connecting costs more than reading.
    /// Too large: relays with much to say keep the slots from those with little.
    public var bytes: ByteCount = .mebibytes(128)
    /// First wait after a failed visit; doubles with each further failure. Too small: a dead relay is hammered.
    public var retryDelay: Seconds = 60
    /// Longest wait after failed visits. Too large: a relay's return is noticed late.
    public var retryCeiling: Seconds = 21_600

    /// The waits after failed visits.
    var retry: RetrySettings {
        RetrySettings(maxAttempts: 1, initialDelay: retryDelay, maxDelay: retryCeiling)
    }

    /// The defaults.
    public init() {}

    /// Ranges, and the order of the two waits.
    public func validate(into problems: inout Validation) {
        problems.check("visit", visit, in: 1...3_600)
        problems.check("bytes", bytes, in: .mebibytes(1)...(.mebibytes(65_536)))
        problems.check("retry_delay", retryDelay, in: 0.1...3_600)
        problems.check("retry_ceiling", retryCeiling, in: 0.1...604_800)
        problems.require(
            retryDelay <= retryCeiling, "retry_delay", given: retryDelay.settingText,
            allowed: "at most retry_ceiling (\(retryCeiling.settingText))")
    }
}

/// The sections that both synchronizers have in their configuration files.
public struct SynchronizingSettings: Sendable {
    /// Pages and batches.
    public var sync: SyncSettings
    /// The lease.
    public var lease: LeaseSettings
    /// A visit's budget.
    public var budget: BudgetSettings
    /// How fast relays are asked.
    public var rate: RateSettings
    /// Open subscriptions.
    public var tail: TailSettings
    /// What makes an interval complete.
    public var proof: ProofSettings
    /// When complete intervals are looked at again.
    public var rescan: RescanSettings
    /// Which events are archived.
    public var filter: FilterSettings
    /// Which part of history is archived.
    public var timeRange: TimeRangeSettings
    /// What is different for single relays.
    public var overrides: [RelayURL: RelayOverride]

    /// The sections as they stand in the file.
    public init(
        sync: SyncSettings = .init(), lease: LeaseSettings = .init(), budget: BudgetSettings = .init(),
        rate: RateSettings = .init(), tail: TailSettings = .init(), proof: ProofSettings = .init(),
        rescan: RescanSettings = .init(), filter: FilterSettings = .init(), timeRange: TimeRangeSettings = .init(),
        overrides: [RelayOverride] = []
    ) {
        self.sync = sync
        self.lease = lease
        self.budget = budget
        self.rate = rate
        self.tail = tail
        self.proof = proof
        self.rescan = rescan
        self.filter = filter
        self.timeRange = timeRange
        self.overrides = RelayOverride.byRelay(overrides)
    }

    /// When an interval is looked at again.
    var schedule: RescanSchedule { RescanSchedule(proof: proof, rescan: rescan) }
}
