import CCurl

/// libcurl's side of one transfer: its handle, and what has come so far.
///
/// Made, used and let go of on the loop's thread alone, where libcurl calls back too: a handle that is cleaned up on
/// another thread would touch the connections of the loop.
final class CurlExchange {
    /// Why we ended it ourselves.
    private enum Stop { case enough, bodyTooLarge, headersTooLarge }

    let transfer: CurlTransfer
    let easy: UnsafeMutableRawPointer
    private var hop: HTTPHop { transfer.hop }
    private var head: HTTPHead
    private var body: [UInt8] = []
    private var stop: Stop?
    private var refused: AddressClass?
    private var lists: [UnsafeMutablePointer<curl_slist>] = []
    private let message: UnsafeMutablePointer<CChar>

    /// A handle with everything set, not yet at work.
    /// - Throws: `failed` without memory, `timeout` when the time is over already.
    init(_ transfer: CurlTransfer, caFile: String?) throws(FetchError) {
        guard let easy = curl_easy_init() else { throw FetchError(.failed, "no memory") }
        self.transfer = transfer
        self.easy = easy
        head = HTTPHead(limitBytes: transfer.hop.limits.headerBytes)
        message = .allocate(capacity: Int(CURL_ERROR_SIZE))
        message.initialize(repeating: 0, count: Int(CURL_ERROR_SIZE))
        let left = ContinuousClock.now.duration(to: hop.end).wholeMilliseconds
        guard left > 0 else { throw FetchError(.timeout) }
        let options = CurlOptions(easy)
        options.setRules()
        options.setLimits(hop.limits, leftMilliseconds: left)
        options.setTrust(caFile: caFile)
        options.number(CURLOPT_CERTINFO, hop.wantsCertificate ? 1 : 0)
        options.text(CURLOPT_URL, hop.url.text)
        try options.setHeaders(hop.headerLines, keeping: &lists)
        try options.setRoute(hop, keeping: &lists)
        setCallbacks(options)
        guard options.isSound else { throw FetchError(.failed, "an option was refused") }
    }

    deinit {
        // The handle refers to the lists and to the message.
        curl_easy_cleanup(easy)
        lists.forEach { curl_slist_free_all($0) }
        message.deallocate()
    }

    /// Answers the caller with what a finished transfer comes to.
    func finish(_ code: CURLcode) { transfer.complete(result(code)) }

    private func result(_ code: CURLcode) -> Result<HTTPHopAnswer, FetchError> {
        switch stop {
        case .bodyTooLarge: return .failure(FetchError(.bodyTooLarge, "\(hop.limits.bodyBytes) bytes"))
        case .headersTooLarge: return .failure(FetchError(.headersTooLarge, "\(hop.limits.headerBytes) bytes"))
        case .enough: break
        case nil: if code != CURLE_OK { return .failure(CurlFailure(easy, message, refused).error(code)) }
        }
        guard head.status >= 200 else { return .failure(FetchError(.protocolViolation, "no status")) }
        let options = CurlOptions(easy)
        return .success(
            HTTPHopAnswer(
                head: head, body: body, times: options.times(),
                certificate: hop.wantsCertificate ? options.certificate() : nil))
    }

    /// The pointer is good as long as the handle is, because both end together.
    private func setCallbacks(_ options: CurlOptions) {
        let me = Unmanaged.passUnretained(self).toOpaque()
        options.pointer(CURLOPT_ERRORBUFFER, message)
        options.pointer(CURLOPT_HEADERDATA, me)
        options.pointer(CURLOPT_WRITEDATA, me)
        options.pointer(CURLOPT_OPENSOCKETDATA, me)
        options.reader(CURLOPT_HEADERFUNCTION) { bytes, size, count, context in
            CurlExchange.with(context, bytes, size * count) { $0.takeHeader($1) }
        }
        options.reader(CURLOPT_WRITEFUNCTION) { bytes, size, count, context in
            CurlExchange.with(context, bytes, size * count) { $0.takeBody($1) }
        }
        options.opener { context, _, address in
            guard let context, let address else { return -1 }
            return Unmanaged<CurlExchange>.fromOpaque(context).takeUnretainedValue().openSocket(address)
        }
    }

    /// The number of bytes when all is well; another number makes libcurl give up.
    private static func with(
        _ context: UnsafeMutableRawPointer?, _ bytes: UnsafeMutablePointer<CChar>?, _ count: Int,
        _ take: (CurlExchange, UnsafeRawBufferPointer) -> Bool
    ) -> Int {
        guard let context, let bytes, count > 0 else { return count }
        let exchange = Unmanaged<CurlExchange>.fromOpaque(context).takeUnretainedValue()
        return take(exchange, UnsafeRawBufferPointer(start: bytes, count: count)) ? count : 0
    }

    private func takeHeader(_ line: UnsafeRawBufferPointer) -> Bool {
        switch head.feed(line) {
        case .more: return true
        case .enough: stop = .enough
        case .tooLarge: stop = .headersTooLarge
        }
        return false
    }

    private func takeBody(_ bytes: UnsafeRawBufferPointer) -> Bool {
        guard body.count + bytes.count <= hop.limits.bodyBytes else {
            stop = .bodyTooLarge
            body = []
            return false
        }
        body.append(contentsOf: bytes)
        return true
    }

    /// The second check of an address, of the very one that is connected to. A proxy's own is exempt.
    private func openSocket(_ address: UnsafeMutablePointer<curl_sockaddr>) -> curl_socket_t {
        if hop.proxy == nil, let kind = refusal(address) {
            refused = kind
            return -1
        }
        return ccurl_open(address)
    }

    /// nil for an address that may be contacted. Read by offset (ip(7), ipv6(7)).
    private func refusal(_ address: UnsafeMutablePointer<curl_sockaddr>) -> AddressClass? {
        guard let start = ccurl_address(address) else { return .reserved }
        let place: (offset: Int, count: Int)
        switch address.pointee.addrlen {
        case 16: place = (4, 4)
        case 28: place = (8, 16)
        default: return .reserved
        }
        let bytes = [UInt8](UnsafeRawBufferPointer(start: start + place.offset, count: place.count))
        guard let resolved = ResolvedAddress(bytes: bytes) else { return .reserved }
        if case .refused(let kind) = transfer.addressGuard.check(resolved) { return kind }
        return nil
    }
}
