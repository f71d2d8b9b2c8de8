// NIP-19: bech32-encoded entities, here the relays of those with TLV.
// https://github.com/nostr-protocol/nips/blob/master/19.md

/// The relays inside nprofile, nevent, naddr and nrelay.
enum NIP19Relays {
    /// What stands in the entity: texts as they are, and whether its lengths fit.
    struct Found: Equatable {
        var texts: [[UInt8]] = []
        var isWhole = true
    }

    /// The relays of an entity. Types that are not known are passed over, as NIP-19 asks.
    static func read(_ text: String) throws(KeyError) -> Found {
        let (prefix, bytes) = try Bech32.decode(text)
        let wanted: UInt8
        switch prefix {
        case "nprofile", "nevent", "naddr": wanted = 1
        case "nrelay": wanted = 0
        default: throw .wrongPrefix
        }
        var found = Found()
        var rest = bytes[...]
        while let type = rest.popFirst() {
            guard let length = rest.popFirst(), Int(length) <= rest.count else {
                found.isWhole = false
                break
            }
            if type == wanted { found.texts.append(Array(rest.prefix(Int(length)))) }
            rest = rest.dropFirst(Int(length))
        }
        return found
    }
}
