/// What an event that was rejected says of itself.
public enum RejectedEvent {
    private static let key = Array("\"created_at\"".utf8)

    /// The number after the first `created_at` key; nil where there is none, or none that is a time.
    ///
    /// A relay puts an invalid event into its order like any other, so that this tells how far back an answer goes. A
    /// key inside a string has a backslash before its quotes and is not found.
    public static func claimedCreatedAt(_ json: UnsafeBufferPointer<UInt8>) -> UnixTime? {
        guard var place = endOfKey(json) else { return nil }
        while place < json.count, isBlank(json[place]) || json[place] == UInt8(ascii: ":") { place += 1 }
        // Before the epoch is before everything that may be asked for.
        if place + 1 < json.count, json[place] == UInt8(ascii: "-"), isDigit(json[place + 1]) {
            return .init(seconds: 0)
        }
        var seconds: Int64 = 0
        let first = place
        while place < json.count, isDigit(json[place]) {
            let (tens, isOver) = seconds.multipliedReportingOverflow(by: 10)
            let (sum, isAlsoOver) = tens.addingReportingOverflow(Int64(json[place] - UInt8(ascii: "0")))
            guard !isOver, !isAlsoOver else { return nil }
            seconds = sum
            place += 1
        }
        return place > first ? UnixTime(seconds: seconds) : nil
    }

    private static func endOfKey(_ json: UnsafeBufferPointer<UInt8>) -> Int? {
        guard json.count > key.count else { return nil }
        for start in 0..<(json.count - key.count) where json[start] == key[0] {
            if key.indices.allSatisfy({ json[start + $0] == key[$0] }) { return start + key.count }
        }
        return nil
    }

    private static func isDigit(_ byte: UInt8) -> Bool { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) }

    private static func isBlank(_ byte: UInt8) -> Bool { byte == 0x20 || byte == 0x09 || byte == 0x0A || byte == 0x0D }
}
