import Crypto
import NIOConcurrencyHelpers
import Nostr

/// What the fake relay does with whole sets: reconciliation (NIP-77) and counting (NIP-45).
extension FakeRelayConnection {
    func negotiate(_ id: String, _ message: [Any]) {
        let behaviour = state.withLockedValue { $0.behaviour }
        if demandsAuth(behaviour, { send(#"["NEG-ERR","\#(id)","auth-required: sign in"]"#) }) { return }
        if message.count > 3, let filter = FakeRelayFilter(message[2]) { negotiations[id] = (filter, 0) }
        guard let open = negotiations[id], let text = message.last as? String, let bytes = Hex.decode(text.utf8) else {
            return send(#"["NEG-ERR","\#(id)","closed: unknown subscription handle"]"#)
        }
        negotiations[id]?.answers += 1
        switch behaviour.reconciling {
        case .ignored: return
        case .notice(let text): send(#"["NOTICE","\#(text)"]"#)
        case .closed(let text): send(#"["CLOSED","\#(id)","\#(text)"]"#)
        case .error(let text, let most): send(#"["NEG-ERR","\#(id)","\#(text)"\#(most.map { ",\($0)" } ?? "")]"#)
        case .endless: reply(id, [0x61, 0, 0, 1] + SHA256.hash(bytes).bytes.prefix(16))
        case .text(let text): send(#"["NEG-MSG","\#(id)","\#(text)"]"#)
        case .normal, .partial, .shifted: answer(id, bytes, open.filter, behaviour)
        case .silent(let count):
            if open.answers < count { answer(id, bytes, open.filter, behaviour) }
        case .disconnect(let count):
            if open.answers < count { answer(id, bytes, open.filter, behaviour) } else { disconnect() }
        }
    }

    func count(_ id: String, _ filters: [FakeRelayFilter]) {
        let behaviour = state.withLockedValue { $0.behaviour }
        if demandsAuth(behaviour, { send(#"["CLOSED","\#(id)","auth-required: sign in"]"#) }) { return }
        switch behaviour.counting {
        case .exact: send(#"["COUNT","\#(id)",{"count":\#(matching(filters, behaviour).count)}]"#)
        case .object(let text): send(#"["COUNT","\#(id)",\#(text)]"#)
        case .closed(let text): send(#"["CLOSED","\#(id)","\#(text)"]"#)
        case .notice(let text): send(#"["NOTICE","\#(text)"]"#)
        case .ignored: return
        }
    }

    private func answer(
        _ id: String, _ message: [UInt8], _ filter: FakeRelayFilter, _ behaviour: FakeRelayBehaviour
    ) {
        var items = matching([filter], behaviour).map {
            NegentropyItem(createdAt: UnixTime(seconds: $0.createdAt), id: $0.id)
        }
        switch behaviour.reconciling {
        case .partial(let distance): items = items.enumerated().filter { $0.offset % distance > 0 }.map(\.element)
        case .shifted(let seconds):
            items = items.map {
                NegentropyItem(createdAt: UnixTime(seconds: $0.createdAt.seconds + seconds), id: $0.id)
            }
        default: break
        }
        do {
            reply(id, try NegentropyServer(NegentropySet(items)).answer(message))
        } catch {
            send(#"["NEG-ERR","\#(id)","PROTOCOL-ERROR"]"#)
        }
    }

    private func reply(_ id: String, _ message: [UInt8]) { send(#"["NEG-MSG","\#(id)","\#(Hex.encode(message))"]"#) }

    private func matching(_ filters: [FakeRelayFilter], _ behaviour: FakeRelayBehaviour) -> [SampleEvent] {
        (state.withLockedValue { $0.events } + behaviour.phantoms).filter { event in
            filters.contains { $0.matches(event) && !$0.isAtBound(event, of: behaviour) }
        }
    }
}
