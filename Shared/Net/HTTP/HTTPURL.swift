import CCurl

/// A URL that can be fetched, taken apart as libcurl itself understands it: what is checked is what is connected to.
struct HTTPURL: Sendable, Equatable {
    /// Longer URLs are not fetched.
    static let mostBytes = 4_096

    /// Normalised, without a fragment.
    let text: String
    /// https.
    let isSecure: Bool
    /// Name or address literal in lower case, IPv6 without brackets. Odd spellings of IPv4 addresses are dotted here.
    let host: String
    /// 1 to 65535.
    let port: Int

    /// - Throws: `bad_url`.
    init(_ text: String) throws(FetchError) {
        guard text.utf8.count <= Self.mostBytes, text.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F }) else {
            throw FetchError(.badURL)
        }
        self = try Self.parse([text])
    }

    /// The target of a redirect, absolute or relative to this URL.
    /// - Throws: `bad_redirect`, also for another scheme than http and https and for the way from https to http.
    func following(_ location: String) throws(FetchError) -> HTTPURL {
        guard location.utf8.count <= Self.mostBytes else { throw FetchError(.badRedirect, "too long") }
        let target: HTTPURL
        do throws(FetchError) { target = try Self.parse([text, location]) } catch {
            throw FetchError(.badRedirect, location)
        }
        guard target.isSecure || !isSecure else { throw FetchError(.badRedirect, "from https to http") }
        return target
    }

    /// Whether the host belongs to a network that only a proxy reaches.
    var isOverlay: Bool {
        let name = host.hasSuffix(".") ? host.dropLast() : host[...]
        return [".onion", ".i2p", ".loki"].contains { name.hasSuffix($0) }
    }

    private init(text: String, isSecure: Bool, host: String, port: Int) {
        self.text = text
        self.isSecure = isSecure
        self.host = host
        self.port = port
    }

    /// Each text is taken relative to those before it.
    private static func parse(_ texts: [String]) throws(FetchError) -> HTTPURL {
        guard let handle = curl_url() else { throw FetchError(.failed, "no memory") }
        defer { curl_url_cleanup(handle) }
        for text in texts {
            let flags = UInt32(CURLU_DISALLOW_USER) | UInt32(CURLU_URLENCODE)
            guard curl_url_set(handle, CURLUPART_URL, text, flags) == CURLUE_OK else { throw FetchError(.badURL) }
        }
        guard curl_url_set(handle, CURLUPART_FRAGMENT, nil, 0) == CURLUE_OK,
            part(handle, CURLUPART_ZONEID) == nil,
            let scheme = part(handle, CURLUPART_SCHEME)?.lowercased(), ["http", "https"].contains(scheme),
            let name = part(handle, CURLUPART_HOST)?.lowercased(), name.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F }),
            let port = part(handle, CURLUPART_PORT, UInt32(CURLU_DEFAULT_PORT)).flatMap({ Int($0) }),
            (1...65_535).contains(port), let text = part(handle, CURLUPART_URL), text.utf8.count <= mostBytes
        else { throw FetchError(.badURL) }
        let isBracketed = name.hasPrefix("[") && name.hasSuffix("]")
        let host = isBracketed ? String(name.dropFirst().dropLast()) : name
        guard !host.isEmpty, host.utf8.count <= 255 else { throw FetchError(.badURL) }
        return HTTPURL(text: text, isSecure: scheme == "https", host: host, port: port)
    }

    private static func part(_ handle: OpaquePointer, _ part: CURLUPart, _ flags: UInt32 = 0) -> String? {
        var text: UnsafeMutablePointer<CChar>?
        guard curl_url_get(handle, part, &text, flags) == CURLUE_OK, let text else { return nil }
        defer { curl_free(text) }
        return String(cString: text)
    }
}
