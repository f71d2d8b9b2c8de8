import Crypto
import Testing

@Suite struct Base64Tests {
    /// RFC 4648, section 10.
    @Test(arguments: [
        ("", ""), ("f", "Zg=="), ("fo", "Zm8="), ("foo", "Zm9v"), ("foob", "Zm9vYg=="), ("fooba", "Zm9vYmE="),
        ("foobar", "Zm9vYmFy"),
    ])
    func `the published vectors, both ways`(_ plain: String, _ text: String) {
        #expect(Base64.encode(Array(plain.utf8)) == text)
        #expect(Base64.decode(text) == Array(plain.utf8))
    }

    @Test func `every byte comes back, at every place of a group`() {
        let bytes = (0...255).map { UInt8($0) }
        for start in 0..<3 { #expect(Base64.decode(Base64.encode(Array(bytes[start...]))) == Array(bytes[start...])) }
    }

    @Test(arguments: ["Z", "Zg", "Zg=", "Z===", "====", "Zg=A", "Z!==", "Zm9v\n", "Zm-_", "Zm9ü"])
    func `anything else is no Base64`(_ text: String) {
        #expect(Base64.decode(text) == nil)
    }
}
