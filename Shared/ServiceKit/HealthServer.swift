internal import Logging
internal import NIOCore
internal import NIOHTTP1
internal import NIOPosix
internal import Settings
internal import Telemetry

/// What the health port answers, as plain values.
struct HealthResponse: Sendable, Equatable {
    var status: Int
    var contentType = "text/plain; charset=utf-8"
    var body: String
    /// Methods to name when the one asked for is refused.
    var allow: String?
}

/// Answers /healthz, /readyz and /metrics of one process over HTTP/1.1, one request a connection.
///
/// Small on purpose: no keep-alive, bounded connections, every connection closed after a deadline.
struct HealthServer: Sendable {
    let settings: HealthSettings
    let respond: @Sendable (_ path: String) async -> HealthResponse
    let logger: Logger
    /// Connections at one time; more are closed at once.
    var maxConnections = 64
    /// From accepting a connection to its end, whatever the client does.
    var deadline = Duration.seconds(10)

    /// The port could not be opened.
    struct BindError: Error, CustomStringConvertible {
        let host: String
        let port: Int
        let reason: String
        var description: String { "cannot listen on \(host):\(port): \(reason)" }
    }

    /// Serves while the body runs.
    /// - Parameter body: given the port, which is the chosen one when the settings say 0 in a test.
    /// - Throws: `BindError`, or what the body throws.
    func withRunning<Result>(
        isolation: isolated (any Actor)? = #isolation, _ body: (_ port: Int) async throws -> Result
    ) async throws -> Result {
        let channel = try await bind()
        logger.info(
            "health_server_listening",
            metadata: [
                LogKey.host: "\(settings.host)", LogKey.port: .stringConvertible(channel.localAddress?.port ?? 0),
            ])
        do {
            let result = try await body(channel.localAddress?.port ?? 0)
            try? await channel.close()
            return result
        } catch {
            try? await channel.close()
            throw error
        }
    }

    private func bind() async throws -> any Channel {
        let connections = ConnectionCount(limit: maxConnections)
        let bootstrap = ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .serverChannelOption(.backlog, value: 64)
            .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
            .childChannelInitializer { [respond, deadline] channel in
                guard connections.enter() else { return channel.close() }
                channel.closeFuture.whenComplete { _ in connections.leave() }
                // Late answers find the channel closed; the timer itself holds nothing else.
                channel.eventLoop.scheduleTask(in: TimeAmount(deadline)) { channel.close(promise: nil) }
                return channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.configureHTTPServerPipeline(withErrorHandling: true)
                    try channel.pipeline.syncOperations.addHandler(HealthHandler(respond: respond))
                }
            }
        do {
            return try await bootstrap.bind(host: settings.host, port: settings.port).get()
        } catch let error as IOError {
            throw BindError(host: settings.host, port: settings.port, reason: "error \(error.errnoCode)")
        } catch {
            throw BindError(host: settings.host, port: settings.port, reason: "\(error)")
        }
    }
}
