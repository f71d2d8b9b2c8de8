internal import Database
internal import Logging
internal import Telemetry

/// The end of a process by signals: asked, then urged, then cut off.
struct Ending: Sendable {
    /// Share of the grace after which a service that still works is cancelled.
    static let patience = 0.7

    let grace: Duration
    let context: ServiceContext

    private enum Part: Sendable {
        case finished(ExitStatus)
        case over
    }

    /// Runs the body beside the signals.
    ///
    /// The first signal requests shutdown; after `patience` of the grace the body is cancelled; at the end of the
    /// grace, or at a second signal, `hardStop` ends the process. What a database that hangs has in hand by then is
    /// rolled back by the server, and leases end by themselves: the end is as it was asked for. A second signal is
    /// an end by force.
    func around<Signals: AsyncSequence & Sendable>(
        signals: Signals, hardStop: @escaping @Sendable (ExitStatus) -> Void,
        _ body: @escaping @Sendable () async -> ExitStatus
    ) async -> ExitStatus {
        await withTaskGroup(of: Part.self) { group in
            group.addTask { .finished(await urged(body)) }
            group.addTask {
                await listen(to: signals, hardStop)
                return .over
            }
            group.addTask {
                await cutOff(hardStop)
                return .over
            }
            defer { group.cancelAll() }
            for await part in group {
                if case .finished(let status) = part { return status }
            }
            return .failure
        }
    }

    private func listen<Signals: AsyncSequence>(to signals: Signals, _ hardStop: (ExitStatus) -> Void) async {
        var iterator = signals.makeAsyncIterator()
        while let signal = try? await iterator.next() {
            let isFirst = context.shutdown.request()
            context.logger.info(
                isFirst ? "shutdown_requested" : "shutdown_forced", metadata: [LogKey.signal: "\(signal)"])
            if !isFirst { hardStop(.failure) }
        }
    }

    /// Runs the body and cancels it when the patience after the request is over.
    private func urged(_ body: @escaping @Sendable () async -> ExitStatus) async -> ExitStatus {
        await withTaskGroup(of: ExitStatus?.self) { group in
            group.addTask { await body() }
            group.addTask {
                await context.shutdown.wait()
                try? await context.clock.sleep(for: grace * Self.patience)
                return nil
            }
            let first = await group.next() ?? nil
            if let first {
                group.cancelAll()
                return first
            }
            context.logger.warning("shutdown_urged")
            group.cancelAll()
            for await status in group {
                if let status { return status }
            }
            return .failure
        }
    }

    private func cutOff(_ hardStop: (ExitStatus) -> Void) async {
        await context.shutdown.wait()
        guard !Task.isCancelled, (try? await context.clock.sleep(for: grace)) != nil else { return }
        context.logger.error("shutdown_cut_short")
        hardStop(.success)
    }
}
