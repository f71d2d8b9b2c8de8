import CCurl
import Settings

/// Sets what a handle may and may not do; remembers whether libcurl took all of it.
final class CurlOptions {
    private let easy: UnsafeMutableRawPointer
    private(set) var isSound = true

    init(_ easy: UnsafeMutableRawPointer) { self.easy = easy }

    func number(_ option: CURLoption, _ value: Int) { note(ccurl_set_long(easy, option, value)) }

    func text(_ option: CURLoption, _ value: String?) { note(ccurl_set_text(easy, option, value)) }

    func pointer(_ option: CURLoption, _ value: UnsafeMutableRawPointer) {
        note(ccurl_set_pointer(easy, option, value))
    }

    func reader(_ option: CURLoption, _ reader: curl_write_callback) { note(ccurl_set_reader(easy, option, reader)) }

    func opener(_ opener: curl_opensocket_callback) { note(ccurl_set_opener(easy, opener)) }

    /// Nothing but GET over http and https, in one hop, verified, without what the surroundings would add.
    func setRules() {
        text(CURLOPT_PROTOCOLS_STR, "http,https")
        number(CURLOPT_HTTPGET, 1)
        number(CURLOPT_FOLLOWLOCATION, 0)
        number(CURLOPT_HTTP_VERSION, 4)  // HTTP/2 where TLS agrees on it (CURL_HTTP_VERSION_2TLS), else 1.1
        number(CURLOPT_SSL_VERIFYPEER, 1)
        number(CURLOPT_SSL_VERIFYHOST, 2)
        number(CURLOPT_NOSIGNAL, 1)
        // A quarter of the library's own: most answers are short, and there may be a thousand transfers.
        number(CURLOPT_BUFFERSIZE, 4_096)
        // No proxy of the environment.
        text(CURLOPT_PROXY, "")
        text(CURLOPT_NOPROXY, "")
        text(CURLOPT_USERAGENT, "bigbrotr")
        text(CURLOPT_ACCEPT_ENCODING, "gzip, deflate")
        // Every hop opens its own connection, so that every hop's address is checked.
        number(CURLOPT_FRESH_CONNECT, 1)
        number(CURLOPT_FORBID_REUSE, 1)
    }

    func setLimits(_ limits: HTTPLimits, leftMilliseconds: Int64) {
        let left = Int(clamping: leftMilliseconds)
        number(CURLOPT_TIMEOUT_MS, left)
        number(CURLOPT_CONNECTTIMEOUT_MS, min(left, max(1, Int(clamping: limits.connect.wholeMilliseconds))))
        number(CURLOPT_LOW_SPEED_LIMIT, max(1, limits.slowestBytesPerSecond))
        number(CURLOPT_LOW_SPEED_TIME, max(1, Int(clamping: limits.slowFor.components.seconds)))
        note(ccurl_set_large(easy, CURLOPT_MAXFILESIZE_LARGE, curl_off_t(max(1, limits.bodyBytes))))
    }

    /// With a file of one's own, the system's roots are looked up one by one in their folder. Without, the system's
    /// file is all there is, which libcurl loads once a day instead of once a connection (only where no folder is set).
    func setTrust(caFile: String?) {
        if let caFile { text(CURLOPT_CAINFO, caFile) }
        text(CURLOPT_CAPATH, caFile == nil ? nil : "/etc/ssl/certs")
    }

    func setHeaders(_ lines: [String], keeping lists: inout [UnsafeMutablePointer<curl_slist>]) throws(FetchError) {
        guard !lines.isEmpty else { return }
        let list = try Self.list(lines)
        lists.append(list)
        note(ccurl_set_list(easy, CURLOPT_HTTPHEADER, list))
    }

    /// Direct to checked addresses, or through the proxy, which resolves the name itself.
    func setRoute(_ hop: HTTPHop, keeping lists: inout [UnsafeMutablePointer<curl_slist>]) throws(FetchError) {
        var (host, port) = (hop.url.host, hop.url.port)
        if let proxy = hop.proxy {
            (host, port) = (proxy.address.host, proxy.address.port)
            let (user, password) = proxy.credentials(for: hop.url.host)
            text(CURLOPT_PROXY, Self.bracketed(host))
            number(CURLOPT_PROXYPORT, port)
            number(CURLOPT_PROXYTYPE, 7)  // SOCKS5 with names resolved there (CURLPROXY_SOCKS5_HOSTNAME)
            number(CURLOPT_SOCKS5_AUTH, 1)  // user and password at most, never GSSAPI (CURLAUTH_BASIC)
            if !user.isEmpty {
                text(CURLOPT_PROXYUSERNAME, user)
                text(CURLOPT_PROXYPASSWORD, password)
            }
        }
        guard !hop.addresses.isEmpty, ResolvedAddress(literal: host) == nil else { return }
        // With "+" the entry is forgotten in time, as any other of libcurl's cache.
        let addresses = hop.addresses.map { Self.bracketed($0.description) }.joined(separator: ",")
        let list = try Self.list(["+\(host):\(port):\(addresses)"])
        lists.append(list)
        note(ccurl_set_list(easy, CURLOPT_RESOLVE, list))
    }

    /// How long the steps of a finished transfer took.
    func times() -> HTTPTimes {
        HTTPTimes(
            connect: time(CURLINFO_CONNECT_TIME_T), tls: time(CURLINFO_APPCONNECT_TIME_T),
            firstByte: time(CURLINFO_STARTTRANSFER_TIME_T), total: time(CURLINFO_TOTAL_TIME_T))
    }

    /// The certificate that the server showed first, its own; nil without TLS.
    func certificate() -> HTTPCertificate? {
        guard let information = ccurl_certificates(easy), information.pointee.num_of_certs > 0 else { return nil }
        var lines: [String] = []
        var next = information.pointee.certinfo?.pointee
        while let line = next, lines.count < HTTPCertificate.mostLines {
            if let text = line.pointee.data { lines.append(String(cString: text)) }
            next = line.pointee.next
        }
        return HTTPCertificate(lines: lines)
    }

    private func time(_ info: CURLINFO) -> Duration {
        var microseconds: curl_off_t = 0
        guard ccurl_get_large(easy, info, &microseconds) == CURLE_OK else { return .zero }
        return .microseconds(Int64(microseconds))
    }

    private func note(_ code: CURLcode) { if code != CURLE_OK { isSound = false } }

    private static func bracketed(_ host: String) -> String { host.contains(":") ? "[\(host)]" : host }

    private static func list(_ lines: [String]) throws(FetchError) -> UnsafeMutablePointer<curl_slist> {
        var list: UnsafeMutablePointer<curl_slist>?
        for line in lines {
            guard let longer = curl_slist_append(list, line) else {
                curl_slist_free_all(list)
                throw FetchError(.failed, "no memory")
            }
            list = longer
        }
        guard let list else { throw FetchError(.failed, "empty list") }
        return list
    }
}

extension Duration {
    /// Whole milliseconds, cut to what 64 bits hold.
    var wholeMilliseconds: Int64 {
        let (thousands, overflows) = components.seconds.multipliedReportingOverflow(by: 1_000)
        if overflows { return components.seconds > 0 ? .max : .min }
        return thousands.addingReportingOverflow(components.attoseconds / 1_000_000_000_000_000).partialValue
    }
}
