import Crypto
import Testing

@Suite struct BytesTests {
    private let ascending = Array(UInt8(0)..<32)

    @Test func `32 bytes survive the way through hex and back`() throws {
        let value = try #require(Bytes32(ascending))
        #expect(value.hex == "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f")
        #expect(Bytes32(hex: value.hex) == value)
        #expect(value.bytes == ascending)
        #expect("\(value)" == value.hex)
    }

    @Test(arguments: [0, 31, 33, 64])
    func `other lengths are no 32 bytes`(_ count: Int) {
        #expect(Bytes32([UInt8](repeating: 7, count: count)) == nil)
        #expect(Bytes32(hex: String(repeating: "a", count: count * 2)) == nil)
        #expect(Bytes32(hex: String(repeating: "a", count: count * 2 + 1)) == nil)
    }

    @Test func `every single wrong character in hex is seen at every place`() {
        let right = Array(repeating: UInt8(ascii: "0"), count: 64)
        let allowed = Set("0123456789abcdef".utf8)
        for place in [0, 1, 7, 8, 15, 16, 31, 62, 63] {
            for character in UInt8.min...UInt8.max {
                var text = right
                text[place] = character
                let value = text.withUnsafeBytes { Bytes32(hex: $0) }
                #expect((value != nil) == allowed.contains(character), "character \(character) at \(place)")
            }
        }
    }

    @Test func `each hex digit has its value at each place`() throws {
        for (value, digit) in "0123456789abcdef".enumerated() {
            for place in 0..<64 {
                var text = Array(repeating: Character("0"), count: 64)
                text[place] = digit
                let bytes = try #require(Bytes32(hex: String(text))).bytes
                var expected = [UInt8](repeating: 0, count: 32)
                expected[place / 2] = UInt8(place.isMultiple(of: 2) ? value << 4 : value)
                #expect(bytes == expected)
            }
        }
    }

    @Test func `the order is that of the hex texts`() throws {
        let texts = ["00", "01", "7f", "80", "ff"].flatMap { byte in
            [0, 7, 8, 15, 16, 24, 31].map { place in
                String(repeating: "00", count: place) + byte + String(repeating: "00", count: 31 - place)
            }
        }
        let values = try texts.map { try #require(Bytes32(hex: $0)) }
        #expect(values.sorted().map(\.hex) == texts.sorted())
        let longs = try texts.map { try #require(Bytes64(hex: $0 + texts[3])) }
        #expect(longs.sorted().map(\.hex) == texts.sorted().map { $0 + texts[3] })
    }

    @Test func `equal bytes are equal in a set`() throws {
        let value = try #require(Bytes32(ascending))
        #expect(Set([value, try #require(Bytes32(hex: value.hex)), .zero]).count == 2)
    }

    @Test func `64 bytes keep their halves in order`() throws {
        let value = try #require(Bytes64(Array(UInt8(0)..<64)))
        #expect(value.hex.hasPrefix("00010203") && value.hex.hasSuffix("3c3d3e3f"))
        #expect(Bytes64(hex: value.hex) == value)
        #expect(value.withUnsafeBytes { Array($0) } == Array(UInt8(0)..<64))
        #expect(Bytes64(hex: value.hex.uppercased()) == nil)
        #expect(Bytes64(hex: String(value.hex.dropLast())) == nil)
    }

    @Test func `hex of any length, and nothing else`() {
        for count in 0...17 {
            let bytes = (0..<count).map { UInt8($0 * 15) }
            #expect(Hex.decode(Array(Hex.encode(bytes).utf8)) == bytes)
        }
        #expect(Hex.encode([0xDE, 0xAD, 0xBE, 0xEF, 0x01]) == "deadbeef01")
        #expect(Hex.decode(Array("abc".utf8)) == nil)
        #expect(Hex.decode(Array("AB".utf8)) == nil)
        #expect(Hex.decode(Array("0g".utf8)) == nil)
    }
}
