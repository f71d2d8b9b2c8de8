import Database
import Net
import Nostr
import ServiceKit

/// Looks up where an address is and whose network it is in: files of this machine, nobody is asked.
struct GeoProbe: Sendable {
    let files: GeoFiles
    let clock: MonotonicClock

    /// What the files know; nil for a file that is not there.
    func run(_ address: ResolvedAddress) -> (GeoResult?, NetworkResult?) {
        let start = clock.now()
        let place = files.city.map { $0.place(of: address) }
        let middle = clock.now()
        let network = files.network.map { $0.network(of: address) }
        let end = clock.now()
        return (
            place.map { GeoResult(duration: middle - start, address: address, place: $0) },
            network.map { NetworkResult(duration: end - middle, address: address, network: $0) }
        )
    }
}

/// Where an address is.
struct GeoResult: Sendable, Equatable {
    /// Of the lookup.
    var duration: Duration
    /// What was looked up.
    var address: ResolvedAddress
    /// What is known; may be empty.
    var place: GeoPlace

    /// As it is stored.
    var document: JSONValue {
        ProbeDocument.make(
            !place.isEmpty, duration, place.isEmpty ? "not_in_file" : nil,
            [
                ("address", .string("\(address)")), ("country", place.country.map(JSONValue.string)),
                ("country_name", place.countryName.map(JSONValue.string)),
                ("region", place.region.map(JSONValue.string)), ("city", place.city.map(JSONValue.string)),
                ("latitude", Self.number(place.latitude)), ("longitude", Self.number(place.longitude)),
                ("geohash", place.geohash.map(JSONValue.string)),
            ])
    }

    private static func number(_ value: Double?) -> JSONValue? {
        value.flatMap { JSONNumber($0) }.map(JSONValue.number)
    }
}

/// Whose network an address is in.
struct NetworkResult: Sendable, Equatable {
    /// Of the lookup.
    var duration: Duration
    /// What was looked up.
    var address: ResolvedAddress
    /// What is known; may be empty.
    var network: GeoNetwork

    /// As it is stored.
    var document: JSONValue {
        ProbeDocument.make(
            !network.isEmpty, duration, network.isEmpty ? "not_in_file" : nil,
            [
                ("address", .string("\(address)")), ("asn", network.number.map { .integer($0) }),
                ("organisation", network.organisation.map(JSONValue.string)),
            ])
    }
}
