import NIOCore
import NIOPosix

/// One inspection, on one event loop, under one deadline.
final class TLSInspection {
    private let target: DialTarget
    private let trust: TLSTrust
    private let loop: any EventLoop
    private let result: EventLoopPromise<TLSFacts>
    private var channel: (any Channel)?
    private var step = NetError.Step.connect
    private var isOver = false

    init(_ target: DialTarget, _ trust: TLSTrust, _ loop: any EventLoop) {
        self.target = target
        self.trust = trust
        self.loop = loop
        result = loop.makePromise()
    }

    /// The facts or a NetError, at the latest at `end` or when `cancelled` fails; then nothing is left open.
    func start(until end: NIODeadline, cancelled: EventLoopFuture<Void>) -> EventLoopFuture<TLSFacts> {
        let timer = loop.assumeIsolated().scheduleTask(deadline: end) { self.fail(NetError(.timeout, self.step)) }
        cancelled.assumeIsolated().whenFailure { _ in self.fail(NetError(.cancelled, self.step)) }
        target.connect(on: loop, until: end).assumeIsolated().whenComplete { self.connected($0) }
        return result.futureResult.assumeIsolated().always { _ in
            timer.cancel()
            self.isOver = true
            self.channel?.close(promise: nil)
        }.nonisolated()
    }

    private func connected(_ connection: Result<any Channel, any Error>) {
        switch connection {
        case .failure(let error):
            fail(NetError(connecting: error))
        case .success(let channel) where isOver:
            channel.close(promise: nil)
        case .success(let channel):
            self.channel = channel
            step = target.firstStep
            target.openTunnel(on: channel).assumeIsolated().whenComplete { result in
                switch result {
                case .success: self.addHandler(channel)
                case .failure(let error): self.fail(error as? NetError ?? NetError(.connectionLost, .proxy))
                }
            }
            channel.setOption(.autoRead, value: true).whenFailure { _ in channel.close(promise: nil) }
        }
    }

    private func addHandler(_ channel: any Channel) {
        guard !isOver else { return }
        step = .tls
        let session = TLSSession(
            trust.context, host: target.endpoint.host, mostCertificates: TLSInspector.mostCertificates)
        guard let session else { return fail(NetError(.tlsHandshake, .tls, "no memory")) }
        do {
            try channel.pipeline.syncOperations.addHandler(
                TLSInspectionHandler(session, mostBytes: TLSInspector.mostBytes, result: result))
        } catch {
            fail(NetError(.tlsHandshake, .tls, "\(error)"))
        }
    }

    private func fail(_ error: NetError) {
        guard !isOver else { return }
        isOver = true
        // First, because a promise keeps its first result: the handler's own follows the closing.
        result.fail(error)
        channel?.close(promise: nil)
    }
}
