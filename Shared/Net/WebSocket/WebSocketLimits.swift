public import Settings

/// Bounds of one WebSocket connection.
public struct WebSocketLimits: Sendable, Equatable {
    /// A message of the peer, all fragments together. Checked on the length field, before the payload is read.
    public var messageBytes = 4 << 20
    /// What messages of all connections hold together while a part of them has not arrived, beyond the first 256 KiB of
    /// each connection. Where it is used up, connections with large messages stop reading until others are through.
    public var sharedBytes = 32 << 20
    /// Fragments of one message; endless empty ones would otherwise cost no byte of the limit above.
    public var messageFragments = 4_096
    /// Head of the answer to the upgrade.
    public var upgradeBytes = 16 << 10
    /// Bytes accepted for sending and not yet taken by the kernel; more means that the peer does not read.
    public var queuedBytes = 4 << 20
    /// Silence after which a ping is sent; two pings without any byte coming back end the connection.
    public var keepAlive = Duration.seconds(20)
    /// Pings and pongs of the peer within that time; one more ends the connection.
    public var controlFrames = 10_000
    /// How long the peer may take none of the bytes that wait for it.
    public var writeDeadline = Duration.seconds(20)
    /// How long a closing handshake may take.
    public var closeDeadline = Duration.seconds(2)
    /// Read buffer of an ordinary connection. One read a turn of the loop: with TLS the memory that an idle connection
    /// keeps grows with both (137 KiB at 16 KiB and one read, 540 KiB at 64 KiB and four).
    public var receiveBytes = 16 << 10
    /// Read buffer while a connection is in bulk.
    public var bulkReceiveBytes = 32 << 10
    /// Value of User-Agent; printable ASCII.
    public var userAgent = "bigbrotr"

    /// The defaults above.
    public init() {}

    /// With what the core file says.
    public init(_ settings: LimitsSettings) {
        messageBytes = settings.messageBytes.bytes
        sharedBytes = settings.unfinishedBytes.bytes
    }
}
