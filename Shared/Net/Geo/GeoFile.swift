import CMaxMindDB

/// A database of addresses in MaxMind's format, version 2, mapped into memory. Lookups may come from any thread.
///
/// A file that is cut short while it is mapped ends the process, as with every mapped file: it is replaced by renaming
/// a new one over it, which leaves the old one whole for as long as somebody reads it.
public final class GeoFile: Sendable {
    private static let mostTextBytes = 256

    /// Safe, because lookups change nothing in it, and it is closed when nobody has it any more.
    nonisolated(unsafe) private let file: UnsafeMutablePointer<MMDB_s>

    /// Opens a file.
    /// - Throws: when it is absent, or none of that format.
    public init(path: String) throws(GeoFileError) {
        var status: Int32 = 0
        guard let file = cmaxminddb_open(path, &status) else {
            throw GeoFileError(path: path, reason: String(cString: MMDB_strerror(status)))
        }
        self.file = file
    }

    deinit { cmaxminddb_close(file) }

    /// Where an address is, by a file of cities or countries. Empty for addresses that the file does not know, and for
    /// a file of another kind.
    public func place(of address: ResolvedAddress) -> GeoPlace {
        var place = GeoPlace()
        guard var found = find(address) else { return place }
        place.country = text(&found, "country", "iso_code")
        place.countryName = text(&found, "country", "names", "en")
        place.region = text(&found, "subdivisions", "0", "names", "en")
        place.city = text(&found, "city", "names", "en")
        let latitude = number(&found, "location", "latitude")
        let longitude = number(&found, "location", "longitude")
        if let latitude, let longitude, (-90...90).contains(latitude), (-180...180).contains(longitude) {
            (place.latitude, place.longitude) = (latitude, longitude)
        }
        return place
    }

    /// In whose network an address is, by a file of autonomous systems.
    public func network(of address: ResolvedAddress) -> GeoNetwork {
        var network = GeoNetwork()
        guard var found = find(address) else { return network }
        network.number = number(&found, "autonomous_system_number").flatMap { UInt32(exactly: $0) }
        network.organisation = text(&found, "autonomous_system_organization")
        return network
    }

    private func find(_ address: ResolvedAddress) -> MMDB_lookup_result_s? {
        var result = MMDB_lookup_result_s()
        let status = cmaxminddb_look_up(file, address.bytes, Int32(address.bytes.count), &result)
        return status == MMDB_SUCCESS && result.found_entry ? result : nil
    }

    private func value(_ entry: inout MMDB_lookup_result_s, _ path: [String]) -> cmaxminddb_value? {
        var value = cmaxminddb_value()
        let step = { (index: Int) in index < path.count ? path[index] : nil }
        let status = cmaxminddb_get(&entry, step(0), step(1), step(2), step(3), &value)
        return status == 0 ? value : nil
    }

    /// Control characters are none of a name's; a name that holds nothing else is none.
    private func text(_ entry: inout MMDB_lookup_result_s, _ path: String...) -> String? {
        guard let value = value(&entry, path), value.kind == 1, let start = value.text else { return nil }
        let bytes = UnsafeRawBufferPointer(start: start, count: min(Int(value.bytes), Self.mostTextBytes))
        let plain = bytes.filter { $0 >= 0x20 && $0 != 0x7F }
        return plain.isEmpty ? nil : String(decoding: plain, as: UTF8.self)
    }

    private func number(_ entry: inout MMDB_lookup_result_s, _ path: String...) -> Double? {
        guard let value = value(&entry, path), value.kind == 2 else { return nil }
        return value.number
    }
}

/// Why a file cannot be used.
public struct GeoFileError: Error, Sendable, Equatable, CustomStringConvertible {
    /// Where it was looked for.
    public let path: String
    /// The library's words.
    public let reason: String

    /// "/x/City.mmdb: ..."
    public var description: String { "\(path): \(reason)" }
}
