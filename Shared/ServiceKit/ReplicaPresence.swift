internal import Database
internal import Logging
internal import Telemetry

/// The row of this process in `service_replicas`: there while its service works, so that others see who is alive.
///
/// It is information and nothing hangs on it. What goes wrong is logged at debug and stops nothing.
struct ReplicaPresence: Sendable {
    let service: String
    let context: ServiceContext
    /// From one sign of life to the next.
    let interval: Duration

    /// For taking the row out at the end: a database that is away must not use up the grace of the shutdown.
    static let leaveLimit = Duration.seconds(2)

    /// Gives signs of life until the task is cancelled.
    func announce() async {
        let replica = ServiceReplica(id: context.replica, service: service, build: BuildInfo.version)
        repeat {
            await note("heartbeat_failed") { try await context.brotr.heartbeat(replica) }
        } while (try? await context.clock.sleep(for: interval)) != nil
    }

    /// Takes the row out. `announce` has ended before: a late sign of life would put it back.
    func leave() async {
        await withTaskGroup(of: Void.self) { group in
            group.addTask {
                await note("replica_not_removed") {
                    try await context.brotr.removeReplica(context.replica, service: service)
                }
            }
            group.addTask { try? await context.clock.sleep(for: Self.leaveLimit) }
            await group.next()
            group.cancelAll()
        }
    }

    private func note(_ event: String, _ body: () async throws -> Void) async {
        do { try await body() } catch {
            context.logger.debug(
                "\(event)", metadata: [LogKey.errorKind: "\(ErrorKind.name(of: error))", LogKey.error: "\(error)"])
        }
    }
}
