/// Where an address is, as a database of addresses has it. Every text is the database's word, at most 256 bytes.
public struct GeoPlace: Sendable, Equatable {
    /// ISO 3166-1, two letters.
    public var country: String?
    /// Its English name.
    public var countryName: String?
    /// English name of the largest subdivision.
    public var region: String?
    /// English name.
    public var city: String?
    /// Degrees, -90 to 90; present when `longitude` is.
    public var latitude: Double?
    /// Degrees, -180 to 180.
    public var longitude: Double?

    /// Nowhere.
    public init() {}

    /// Nothing is known.
    public var isEmpty: Bool { self == GeoPlace() }

    /// The geohash of the coordinates (NIP-52), as exact as such databases are at best; nil without coordinates.
    public var geohash: String? {
        guard let latitude, let longitude else { return nil }
        return Geohash.encode(latitude: latitude, longitude: longitude)
    }
}

/// In whose network an address is.
public struct GeoNetwork: Sendable, Equatable {
    /// Number of the autonomous system (RFC 6793).
    public var number: UInt32?
    /// Its organisation, at most 256 bytes.
    public var organisation: String?

    /// Nobody's.
    public init() {}

    /// Nothing is known.
    public var isEmpty: Bool { self == GeoNetwork() }
}
