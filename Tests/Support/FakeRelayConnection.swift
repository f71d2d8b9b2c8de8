import Foundation
import NIOConcurrencyHelpers
import NIOCore
import NIOWebSocket

/// One connection of the fake relay, after the upgrade.
final class FakeRelayConnection: ChannelInboundHandler {
    typealias InboundIn = WebSocketFrame

    let state: NIOLockedValueBox<FakeRelay.State>
    let gate: FlushGate
    /// The filters of open reconciliations, and how often each was answered.
    var negotiations: [String: (filter: FakeRelayFilter, answers: Int)] = [:]
    /// Nothing but fragments follows.
    var isInFragments = false
    private(set) var isAuthenticated = false
    private(set) var context: ChannelHandlerContext?
    private(set) var live: [String: [FakeRelayFilter]] = [:]
    private var number = 0
    private var challenges = 0
    private var isDead = false

    init(state: NIOLockedValueBox<FakeRelay.State>, gate: FlushGate) {
        self.state = state
        self.gate = gate
    }

    func handlerAdded(context: ChannelHandlerContext) {
        self.context = context
        let bound = NIOLoopBound(self, eventLoop: context.eventLoop)
        let (number, challenge) = state.update { state in
            state.connectionCount += 1
            state.connections[state.connectionCount] = bound
            state.mostConnections = max(state.mostConnections, state.connections.count)
            return (state.connectionCount, state.behaviour.challenge)
        }
        self.number = number
        if let challenge { send(#"["AUTH","\#(challenge)"]"#) }
        gate.open()
    }

    func channelInactive(context: ChannelHandlerContext) {
        self.context = nil
        state.update { $0.connections[number] = nil }
        context.fireChannelInactive()
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) { context.close(promise: nil) }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        guard !isDead else { return }
        let behaviour = state.withLockedValue { $0.behaviour }
        if behaviour.isHalfOpen {
            isDead = true
            return
        }
        if behaviour.stopsReading { stopReading() }
        let frame = unwrapInboundIn(data)
        switch frame.opcode {
        case .text:
            var bytes = frame.unmaskedData
            received(bytes.readString(length: bytes.readableBytes) ?? "")
        case .ping:
            write(opcode: 0xA, Array(frame.unmaskedData.readableBytesView))
        case .connectionClose:
            write(opcode: 0x8, Array(frame.unmaskedData.readableBytesView))
            gate.open()
            context.close(promise: nil)
        default:
            break
        }
        gate.open()
    }

    func publish(_ event: SampleEvent) {
        for (id, filters) in live where filters.contains(where: { $0.matches(event) }) { send(event, id) }
        gate.open()
    }

    func disconnect() { context?.close(promise: nil) }

    private func received(_ text: String) {
        state.update { $0.messages.append(text) }
        let message = try? JSONSerialization.jsonObject(with: Data(text.utf8)) as? [Any]
        guard let message, let name = message.first as? String else { return send(#"["NOTICE","not JSON"]"#) }
        let id = message.dropFirst().first as? String ?? ""
        switch name {
        case "REQ": request(id, message.dropFirst(2).compactMap { FakeRelayFilter($0) })
        case "EVENT": take(message.dropFirst().first as? [String: Any])
        case "CLOSE": close(id)
        case "AUTH": authenticate(message.dropFirst().first as? [String: Any])
        case "COUNT": count(id, message.dropFirst(2).compactMap { FakeRelayFilter($0) })
        case "NEG-OPEN", "NEG-MSG": negotiate(id, message)
        case "NEG-CLOSE": negotiations[id] = nil
        default: send(#"["NOTICE","unknown message"]"#)
        }
    }

    private func close(_ id: String) {
        live[id] = nil
        state.update { state in
            let last = state.requests.lastIndex { $0.connection == number && $0.subscription == id }
            if let last { state.requests[last].isClosed = true }
        }
    }

    private func authenticate(_ event: [String: Any]?) {
        let behaviour = state.withLockedValue { $0.behaviour }
        let id = event?["id"] as? String ?? ""
        switch behaviour.authenticating {
        case .accepts:
            isAuthenticated = true
            send(#"["OK","\#(id)",true,""]"#)
        case .refuses(let message): send(#"["OK","\#(id)",false,"\#(message)"]"#)
        case .ignores: break
        }
        if behaviour.challengesAgain { challenge() }
    }

    /// True when the request is refused until there was an AUTH; `refuse` says so.
    func demandsAuth(_ behaviour: FakeRelayBehaviour, _ refuse: () -> Void) -> Bool {
        guard behaviour.requiresAuth, !isAuthenticated else { return false }
        refuse()
        if let late = behaviour.lateChallenge, challenges == 0 { challenge(late) }
        return true
    }

    private func challenge(_ text: String = "once more") {
        challenges += 1
        send(#"["AUTH","\#(text) \#(challenges)"]"#)
    }

    private func request(_ id: String, _ filters: [FakeRelayFilter]) {
        let (behaviour, index) = state.update { state in
            let index = state.requests.count
            state.requests.append(FakeRelayRequest(connection: number, subscription: id, filters: filters))
            if let (new, gone) = state.behaviour.changes?(index) { state.change(new: new, gone: gone) }
            return (state.behaviour.drawn(index), index)
        }
        live[id] = filters
        after(behaviour.delay) { self.answer(id, index, filters, behaviour) }
    }

    func after(_ delay: Duration, _ body: @escaping () -> Void) {
        guard delay > .zero, let context else { return body() }
        context.eventLoop.assumeIsolated().scheduleTask(in: TimeAmount(delay)) {
            body()
            self.gate.open()
        }
    }
}

extension FakeRelayConnection {
    fileprivate func answer(_ id: String, _ index: Int, _ filters: [FakeRelayFilter], _ behaviour: FakeRelayBehaviour) {
        if demandsAuth(behaviour, { send(#"["CLOSED","\#(id)","auth-required: sign in"]"#) }) { return }
        if isAuthenticated, let refusal = behaviour.refusalAfterAuth {
            return send(#"["CLOSED","\#(id)","\#(refusal)"]"#)
        }
        if let notice = behaviour.noticeBeforeAnswer { send(#"["NOTICE","\#(notice)"]"#) }
        let found = FakeRelayQuery(filters: filters, behaviour: behaviour, salt: index).run(
            on: state.withLockedValue { $0.events })
        let shown = behaviour.changesSubscriptionID ? "other" : id
        if behaviour.endsBeforeEvents { send(Self.eose(shown, nil)) }
        switch behaviour.answer {
        case .silent: return
        case .closed(let message):
            live[id] = nil
            return send("[\"CLOSED\",\"\(shown)\",\"\(message)\"]")
        case .disconnect(let count):
            deliver(Array(found.events.prefix(count)), shown, index)
            gate.open()
            return disconnect()
        case .endless: return flood(shown, found.events, until: { false })
        case .endlessUntilClosed: return flood(shown, found.events, until: { self.live[id] == nil })
        case .trickle(let interval): return trickle(found.events[...], shown, index, interval)
        case .endlessFragments(let size): return floodFragments(size)
        case .pings: return floodPings()
        case .raw(let bytes): return gate.write(ByteBuffer(bytes: bytes))
        case .oversized(let length): return gate.write(Self.header(opcode: 1, length: length, isLong: true))
        case .drip(let interval): return drip(found.events, shown, interval)
        case .earlyEOSE(let count): deliver(Array(found.events.prefix(count)), shown, index)
        case .normal, .neverEOSE, .garbage, .notices, .invalidUTF8, .preceded:
            nonsense(behaviour.answer, shown)
            deliver(found.events, shown, index)
        }
        if case .neverEOSE = behaviour.answer { return }
        for _ in 0..<behaviour.eoseCopies { send(Self.eose(shown, behaviour.sendsHint ? found.isWhole : nil)) }
    }

    private func nonsense(_ answer: FakeRelayBehaviour.Answer, _ id: String) {
        switch answer {
        case .garbage(let count): (0..<count).forEach { send("garbage \($0)") }
        case .notices(let count): (0..<count).forEach { send("[\"NOTICE\",\"notice \($0)\"]") }
        case .invalidUTF8:
            write(opcode: 1, Array("[\"EVENT\",\"\(id)\",{\"content\":\"".utf8) + [0xC3, 0x28] + Array("\"}]".utf8))
        case .preceded(let texts): for text in texts { send(text.replacingOccurrences(of: "$", with: id)) }
        default: break
        }
    }

    func deliver(_ events: [SampleEvent], _ id: String, _ index: Int) {
        for event in events { send(event, id) }
        state.update { $0.requests[index].sent += events }
    }

    private func drip(_ events: [SampleEvent], _ id: String, _ interval: Duration) {
        let bytes =
            events.flatMap { Self.frame(opcode: 1, Self.message($0, id)) }
            + Self.frame(opcode: 1, Array(Self.eose(id, nil).utf8))
        dripNext(bytes[...], interval)
    }

    private func dripNext(_ bytes: ArraySlice<UInt8>, _ interval: Duration) {
        guard let byte = bytes.first, context != nil else { return }
        gate.write(ByteBuffer(bytes: [byte]))
        after(interval) { self.dripNext(bytes.dropFirst(), interval) }
    }

    func send(_ event: SampleEvent, _ id: String) { write(opcode: 1, Self.message(event, id)) }

    func send(_ text: String) { write(opcode: 1, Array(text.utf8)) }

    private func write(opcode: UInt8, _ payload: [UInt8]) {
        gate.write(ByteBuffer(bytes: Self.frame(opcode: opcode, payload)))
    }

    private static func message(_ event: SampleEvent, _ id: String) -> [UInt8] {
        Array("[\"EVENT\",\"\(id)\",".utf8) + event.json + [UInt8(ascii: "]")]
    }

    private static func eose(_ id: String, _ isWhole: Bool?) -> String {
        guard let isWhole else { return "[\"EOSE\",\"\(id)\"]" }
        return "[\"EOSE\",\"\(id)\",[\"\(isWhole ? "finish" : "more")\"]]"
    }

    private static func frame(opcode: UInt8, _ payload: [UInt8]) -> [UInt8] {
        Array(header(opcode: opcode, length: UInt64(payload.count), isLong: false).readableBytesView) + payload
    }

    private static func header(opcode: UInt8, length: UInt64, isLong: Bool) -> ByteBuffer {
        var buffer = ByteBuffer(bytes: [0x80 | opcode])
        if length > 0xFFFF || isLong {
            buffer.writeInteger(127 as UInt8)
            buffer.writeInteger(length)
        } else if length > 125 {
            buffer.writeInteger(126 as UInt8)
            buffer.writeInteger(UInt16(length))
        } else {
            buffer.writeInteger(UInt8(length))
        }
        return buffer
    }
}
