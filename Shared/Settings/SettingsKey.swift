/// Keys of YAML files and names of properties.
enum SettingsKey {
    /// The key of a property: `maxInactiveConnectionLifetime` -> `max_inactive_connection_lifetime`,
    /// `proxyURL` -> `proxy_url`; digits stay with the word before them.
    static func name(_ property: String) -> String {
        let letters = Array(property.unicodeScalars)
        var result = String.UnicodeScalarView()
        for (index, letter) in letters.enumerated() {
            let isUpper = (65...90).contains(letter.value)
            if isUpper, index > 0 {
                let followsLower = !(65...90).contains(letters[index - 1].value)
                let startsWord = index + 1 < letters.count && (97...122).contains(letters[index + 1].value)
                if followsLower || startsWord, letters[index - 1] != "_" { result.append("_") }
            }
            result.append(isUpper ? Unicode.Scalar(UInt8(letter.value) + 32) : letter)
        }
        return String(result)
    }
}
