import CIDN2

/// Host names with characters beyond ASCII (UTS #46, RFC 5891).
enum IDN {
    /// The name as the DNS knows it: A-labels (`xn--`), other labels in lower case.
    ///
    /// Non-transitional processing, as browsers do: `ß` and `ς` keep labels of their own. A dot, digit or letter of
    /// another width becomes the plain one, so the caller has to look at the result with all its checks.
    /// - Parameter name: UTF-8, from anywhere.
    /// - Throws: `badIDN` where the rules allow no such name.
    static func asciiName(_ name: [UInt8]) throws(RelayURLError) -> [UInt8] {
        // A NUL would end the text for the library, and hide what follows.
        guard !name.contains(0) else { throw .badHost }
        let flags = CInt(IDN2_NFC_INPUT.rawValue | IDN2_NONTRANSITIONAL.rawValue)
        var answer: UnsafeMutablePointer<UInt8>?
        let status = (name + [0]).withUnsafeBufferPointer { idn2_lookup_u8($0.baseAddress, &answer, flags) }
        defer { idn2_free(answer) }
        guard status == IDN2_OK.rawValue, let answer else { throw .badIDN }
        var bytes: [UInt8] = []
        var next = answer
        while next.pointee != 0 {
            bytes.append(next.pointee)
            next += 1
        }
        return bytes
    }
}
