/// Geohashes: five bits a character, longitude and latitude halved in turn, west and south first
/// (G. Niemeyer, geohash.org, 2008; NIP-52's tag `g`).
public enum Geohash {
    private static let alphabet = Array("0123456789bcdefghjkmnpqrstuvwxyz")

    /// The cell of a point.
    /// - Parameter length: characters, 1 to 12; five are a cell of 5 km, nine one of 5 m.
    /// - Returns: nil for coordinates that are none.
    public static func encode(latitude: Double, longitude: Double, length: Int = 7) -> String? {
        guard (-90...90).contains(latitude), (-180...180).contains(longitude) else { return nil }
        var (north, east) = ((low: -90.0, high: 90.0), (low: -180.0, high: 180.0))
        var (text, bits) = ("", 0)
        for place in 0..<5 * min(max(length, 1), 12) {
            let isUpper =
                place.isMultiple(of: 2) ? halve(&east, around: longitude) : halve(&north, around: latitude)
            bits = bits << 1 | (isUpper ? 1 : 0)
            guard place % 5 == 4 else { continue }
            text.append(alphabet[bits])
            bits = 0
        }
        return text
    }

    /// Keeps the half that holds the value; whether that is the upper one.
    private static func halve(_ range: inout (low: Double, high: Double), around value: Double) -> Bool {
        let middle = (range.low + range.high) / 2
        let isUpper = value >= middle
        if isUpper { range.low = middle } else { range.high = middle }
        return isUpper
    }
}
