import Crypto
import Database
import Logging
import Metrics
import Nostr
import ServiceKit
import Settings
import Telemetry

/// Keeps the lanes as the priority list says, on whichever replica holds the lease `priority_list`.
actor PriorityListKeeper {
    /// Name of the single-active work.
    private static let work = "priority_list"
    /// Bad lines that are named in a log line; the others are in the counts.
    private static let examples = 20

    private let context: ServiceContext
    private let store: PrioritySynchronizerStore
    private let settings: PriorityList
    private let authors: [PublicKey]
    private var file: PriorityListFile?
    private var fence: Int64?
    /// When the next round may begin, by the monotonic clock.
    private var dueAt = Duration.zero
    /// Why the file could not be read; nil while it can.
    private var fileProblem: String?
    private var lastLeftOut: [String: Int] = [:]
    /// How the last round ended; nil before the first.
    private(set) var step: Step?

    /// A keeper beside the work of this service.
    init(_ context: ServiceContext, _ settings: PriorityList) {
        self.context = context
        self.settings = settings
        store = PrioritySynchronizerStore(brotr: context.brotr)
        authors = settings.pubkeys.compactMap { PublicKey(hex: $0) }
        file = settings.path.map {
            PriorityListFile(path: context.path($0), allowsLocal: context.core.networks.local.enabled)
        }
    }

    /// Longer than the pause between two renewals by far; a replica that is killed is followed after this time.
    private var ttl: Duration { settings.refresh.duration * 3 + .seconds(2) }

    /// Keeps the lanes until the task is cancelled.
    func run() async {
        while !Task.isCancelled {
            await refreshIfDue()
            let pause = max(dueAt - context.clock.now(), .milliseconds(10))
            do { try await context.clock.sleep(for: pause) } catch { return }
        }
    }

    /// One round, unless the last one is not over for long enough.
    func refreshIfDue() async {
        guard dueAt <= context.clock.now() else { return }
        await refreshNow()
    }

    /// One round. An error is kept in `step` and logged when it is new.
    func refreshNow() async {
        // Before the first suspension, so that nobody else begins a round meanwhile.
        dueAt = context.clock.now() + settings.refresh.duration
        do {
            let done = try await Step.measure(Self.work, clock: context.clock) { try await self.round() }
            if !done.success, done.message != step?.message { log(done) }
            step = done
        } catch {
            // Cancelled with the cycle; the next one begins with a round.
            dueAt = context.clock.now()
        }
    }

    /// Lets another replica take over at once.
    func giveBack() async {
        guard let fence else { return }
        self.fence = nil
        do {
            _ = try await context.brotr.releaseServiceLease(Self.work, owner: context.replica, fence: fence)
        } catch {
            // The lease ends by itself; the next holder only comes later.
            context.logger.debug("lease_release_failed", metadata: [LogKey.lease: "\(Self.work)"])
        }
    }

    private func round() async throws -> (message: String, details: [String: Step.Detail]) {
        guard let fence = try await holdLease() else { return ("another replica keeps the list", [:]) }
        readFile()
        let mentions = try await store.relayMentions(of: authors)
        let plan = PriorityListPlan(
            file: settings.path == nil ? .none : file?.list.map { .read($0) } ?? .unknown, urls: settings.urls,
            mentions: mentions, allowsLocal: context.core.networks.local.enabled)
        log(plan)
        let relays = try await store.insert(plan.relays)
        var moves = try await store.moveToPriority(relays, owner: context.replica, fence: fence)
        count(moves.moved, lane: "priority")
        if plan.mayTakeOut {
            let out = try await store.moveToOrdinary(allBut: relays, owner: context.replica, fence: fence)
            count(out.moved, lane: "ordinary")
            moves = .init(moved: moves.moved + out.moved, marked: moves.marked + out.marked)
        }
        Gauge(label: "bigbrotr_priority_relays", factory: context.metrics).record(plan.relays.count)
        if let fileProblem { throw PriorityListError.fileUnreadable(fileProblem) }
        return (
            "\(relays.count) relays listed, \(moves.moved) moved",
            ["relays": .count(relays.count), "moved": .count(moves.moved), "marked": .count(moves.marked)]
        )
    }

    /// Renews the lease, or claims it.
    private func holdLease() async throws -> Int64? {
        let (brotr, owner) = (context.brotr, context.replica)
        if let fence {
            if try await brotr.renewServiceLease(Self.work, owner: owner, fence: fence, ttl: ttl) { return fence }
            self.fence = nil
        }
        fence = try await brotr.claimServiceLease(Self.work, owner: owner, ttl: ttl)
        return fence
    }

    private func readFile() {
        guard var current = file else { return }
        do {
            let isNew = try current.read()
            file = current
            fileProblem = nil
            if isNew { logRejected(current) }
        } catch {
            fileProblem = "\(error)"
        }
    }

    private func count(_ moved: Int, lane: String) {
        guard moved > 0 else { return }
        Counter(label: "bigbrotr_lane_moves_total", dimensions: [("lane", lane)], factory: context.metrics)
            .increment(by: moved)
    }

    private func log(_ step: Step) {
        context.logger.warning("priority_list_failed", metadata: [LogKey.error: "\(step.message)"])
    }

    /// What the settings and the authors list in vain, when it is something else than before.
    private func log(_ plan: PriorityListPlan) {
        defer { lastLeftOut = plan.leftOut }
        guard plan.leftOut != lastLeftOut, !plan.leftOut.isEmpty else { return }
        context.logger.warning(
            "priority_relays_left_out",
            metadata: [LogKey.reasons: .dictionary(plan.leftOut.mapValues { .stringConvertible($0) })])
    }

    /// The bad lines of a file, once for each content.
    private func logRejected(_ file: PriorityListFile) {
        guard let rejected = file.list?.rejected, !rejected.isEmpty else { return }
        let reasons = RelayList.reasons(rejected).mapValues { Logger.MetadataValue.stringConvertible($0) }
        let lines = rejected.prefix(Self.examples).map { "line \($0.place): \($0.reason)" }
        context.logger.warning(
            "priority_lines_rejected",
            metadata: [
                LogKey.file: "\(file.path)", LogKey.count("rejected"): .stringConvertible(rejected.count),
                LogKey.reasons: .dictionary(reasons), LogKey.lines: .array(lines.map { .string($0) }),
            ])
    }
}

/// What a round of the list reports although it did its work.
enum PriorityListError: Error, NamedError, CustomStringConvertible {
    /// The file is missing or unreadable; its last good content holds.
    case fileUnreadable(String)

    /// For logs and metrics.
    var kindName: String { "priority_list_unreadable" }

    /// One sentence.
    var description: String {
        switch self {
        case .fileUnreadable(let problem): "the priority list stays as it was: \(problem)"
        }
    }
}
