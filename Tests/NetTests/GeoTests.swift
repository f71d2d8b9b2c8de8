import Foundation
import Support
import Testing

@testable import Net

@Suite struct GeoTests {
    private static let loopback = ResolvedAddress(127, 0, 0, 1)

    private func address(_ text: String) throws -> ResolvedAddress { try #require(ResolvedAddress(literal: text)) }

    private func write(_ bytes: [UInt8], to path: String) throws {
        // Written aside and renamed, as files in use are replaced.
        try Data(bytes).write(to: URL(fileURLWithPath: path), options: .atomic)
    }

    private static let rome = MaxMindFile.city(
        "IT", "Italy", region: "Lazio", city: "Rome", latitude: 41.8919, longitude: 12.5113)
    private static let germany = MaxMindFile.Value.map([("country", .map([("iso_code", .text("DE"))]))])
    /// Values of other kinds than such files have, and a long one.
    private static let odd = MaxMindFile.Value.map([
        ("country", .text("no map")),
        ("location", .map([("latitude", .double(.nan)), ("longitude", .text("x"))])),
        ("city", .map([("names", .map([("en", .text(String(repeating: "x", count: 280)))]))])),
    ])
    private static let cities = MaxMindFile.bytes(
        [
            ([127, 0, 0, 0], 8, rome), ([192, 0, 2, 0], 24, odd),
            ([0x20, 1, 0xD, 0xB8] + Array(repeating: 0, count: 12), 32, germany),
        ], type: "GeoLite2-City")

    /// Places whose first characters are published with geohash.org's description (u4pruydqqvj, ezs42, 6gkzwgjz,
    /// ww8p1r4t8), and the corners.
    @Test(arguments: [
        (57.64911, 10.40744, "u4pruydqqvj"), (42.605, -5.603, "ezs42s000es"), (-25.382708, -49.265506, "6gkzwgjzn82"),
        (37.8324, 112.5584, "ww8p1r4t8yd"), (-90.0, -180.0, "00000000000"), (90.0, 180.0, "zzzzzzzzzzz"),
        (0.0, 0.0, "s0000000000"),
    ])
    func `geohashes are those of the public vectors`(latitude: Double, longitude: Double, hash: String) {
        for length in 1...11 {
            let found = Geohash.encode(latitude: latitude, longitude: longitude, length: length)
            #expect(found == String(hash.prefix(length)))
        }
    }

    @Test(arguments: [
        (Double.nan, 0.0), (0, .infinity), (90.0001, 0), (0, -180.0001), (-.infinity, 0),
    ])
    func `what is no place has no geohash`(latitude: Double, longitude: Double) {
        #expect(Geohash.encode(latitude: latitude, longitude: longitude) == nil)
    }

    @Test func `places and networks are read for both kinds of address`() throws {
        let folder = try TemporaryFolder()
        let (cities, systems) = ("\(folder.path)/c.mmdb", "\(folder.path)/a.mmdb")
        try write(Self.cities, to: cities)
        try write(
            MaxMindFile.bytes([([127, 0, 0, 0], 8, MaxMindFile.system(4_200_000_000, "Loop"))], type: "ASN"),
            to: systems)
        let file = try GeoFile(path: cities)
        let rome = file.place(of: Self.loopback)
        #expect(rome.country == "IT" && rome.countryName == "Italy" && rome.region == "Lazio" && rome.city == "Rome")
        #expect(rome.latitude == 41.8919 && rome.longitude == 12.5113 && rome.geohash == "sr2ykdn")
        #expect(file.place(of: try address("2001:db8::1")).country == "DE")
        #expect(file.place(of: try address("2001:db8::1")).geohash == nil)
        #expect(file.place(of: try address("2001:db9::1")).isEmpty)
        #expect(file.place(of: try address("198.51.100.1")).isEmpty)
        let network = try GeoFile(path: systems).network(of: Self.loopback)
        #expect(network.number == 4_200_000_000 && network.organisation == "Loop")
        // A file of the other kind knows nothing.
        #expect(try GeoFile(path: systems).place(of: Self.loopback).isEmpty)
        #expect(file.network(of: Self.loopback).isEmpty)
    }

    @Test func `values of another kind than expected are absent, and long texts are cut`() throws {
        let folder = try TemporaryFolder()
        let path = "\(folder.path)/c.mmdb"
        try write(Self.cities, to: path)
        let odd = try GeoFile(path: path).place(of: try address("192.0.2.1"))
        #expect(odd.country == nil && odd.latitude == nil && odd.geohash == nil)
        #expect(odd.city?.utf8.count == 256)
    }

    @Test func `bytes that are no database are an error, and none traps`() throws {
        let folder = try TemporaryFolder()
        let path = "\(folder.path)/x.mmdb"
        #expect(throws: GeoFileError.self) { try GeoFile(path: path) }
        try write([], to: path)
        #expect(throws: GeoFileError.self) { try GeoFile(path: path) }
        var random = SplitMix64(seed: 54)
        for _ in 0..<300 {
            var bytes = Self.cities
            for _ in 0..<Int.random(in: 1...20, using: &random) {
                bytes[Int.random(in: 0..<bytes.count, using: &random)] = UInt8.random(in: 0...255, using: &random)
            }
            try write(bytes, to: path)
            _ = try? GeoFile(path: path).place(of: Self.loopback)
        }
    }

    @Test func `a file that is replaced is picked up, and a broken one leaves the old one in use`() throws {
        let folder = try TemporaryFolder()
        let path = "\(folder.path)/a.mmdb"
        let files = GeoFiles(cityPath: nil, networkPath: path)
        #expect(throws: GeoFileError.self) { try files.refresh() }
        let row = { (number: UInt32) in
            MaxMindFile.bytes([([127, 0, 0, 0], 8, MaxMindFile.system(number, "x"))], type: "ASN")
        }
        try write(row(1), to: path)
        #expect(try files.refresh().isEmpty)
        let first = try #require(files.network)
        #expect(try files.refresh().isEmpty && files.network === first, "the same file is not opened again")
        try write(row(2), to: path)
        #expect(try files.refresh().isEmpty)
        #expect(files.network?.network(of: Self.loopback).number == 2)
        #expect(first.network(of: Self.loopback).number == 1, "whoever still has the old one can read it")
        try write([1, 2, 3], to: path)
        #expect(try files.refresh().count == 1)
        #expect(files.network?.network(of: Self.loopback).number == 2)
        #expect(files.city == nil)
    }
}
