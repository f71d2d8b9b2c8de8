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

    /// Reached through a proxy only: no resolver knows its names, and what is behind an address is the proxy's to know.
    public var isOverlay: Bool {
        switch self {
        case .tor, .i2p, .loki: true
        case .clearnet, .local: false
        }
    }
}
