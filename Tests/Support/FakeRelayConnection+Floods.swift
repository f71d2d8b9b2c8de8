import NIOCore

/// What the fake relay does without end, while the client takes it.
extension FakeRelayConnection {
    /// A hundred events a turn.
    func flood(_ id: String, _ events: [SampleEvent], until isOver: @escaping () -> Bool) {
        guard context != nil, !isOver() else { return }
        if isWritable {
            for number in 0..<100 {
                if events.isEmpty {
                    send(#"["EVENT","\#(id)",{"id":"\#(number)"}]"#)
                } else {
                    send(events[number % events.count], id)
                }
            }
        }
        after(.milliseconds(1)) { self.flood(id, events, until: isOver) }
    }

    /// One after the other, then EOSE.
    func trickle(_ events: ArraySlice<SampleEvent>, _ id: String, _ index: Int, _ interval: Duration) {
        guard context != nil, live[id] != nil else { return }
        guard let event = events.first else { return send(#"["EOSE","\#(id)"]"#) }
        deliver([event], id, index)
        after(interval) { self.trickle(events.dropFirst(), id, index, interval) }
    }

    /// The first fragment of a text (RFC 6455, 5.4), and then none that is the last; once a connection.
    func floodFragments(_ size: Int) {
        guard !isInFragments else { return }
        isInFragments = true
        gate.write(ByteBuffer(bytes: [0x01, 0x01, UInt8(ascii: "[")]))
        continueFragments(ByteBuffer(bytes: Self.fragment(size)))
    }

    private func continueFragments(_ fragment: ByteBuffer) {
        guard context != nil else { return }
        if isWritable { for _ in 0..<500 { gate.write(fragment) } }
        after(.milliseconds(1)) { self.continueFragments(fragment) }
    }

    private static func fragment(_ size: Int) -> [UInt8] {
        let payload = [UInt8](repeating: UInt8(ascii: " "), count: size)
        if size > 125 { return [0x00, 126, UInt8(size >> 8 & 0xFF), UInt8(size & 0xFF)] + payload }
        return [0x00, UInt8(size)] + payload
    }

    /// Whoever answers each of them has much to send, and nobody who takes it.
    func floodPings() {
        stopReading()
        sendPings(ByteBuffer(bytes: [0x89, 125] + [UInt8](repeating: UInt8(ascii: "p"), count: 125)))
    }

    private func sendPings(_ ping: ByteBuffer) {
        guard context != nil else { return }
        if isWritable { for _ in 0..<200 { gate.write(ping) } }
        after(.milliseconds(1)) { self.sendPings(ping) }
    }

    /// The socket is not read any more.
    func stopReading() {
        context?.channel.setOption(.autoRead, value: false).assumeIsolated().whenComplete { _ in }
    }

    private var isWritable: Bool { context?.channel.isWritable ?? false }
}
