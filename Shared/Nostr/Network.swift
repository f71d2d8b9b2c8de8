/// Where a relay's host lives, which decides by which road it is reached. The raw values are stored.
public enum Network: String, CaseIterable, Codable, Sendable {
    /// A name or address of the public Internet.
    case clearnet
    /// An onion service of version 3.
    case tor
    /// A host of the I2P network.
    case i2p
    /// A host of the Lokinet network.
    case loki
    /// A reserved address, or a name that only means something on this machine or its own network.
    case local
}
