/// The archive as the services see it: typed calls over a pool.
public struct Brotr: Sendable {
}
