internal import Nostr
internal import RelayClient

extension LiveSession {
    func count(_ filter: Filter, timeout: Duration) async throws -> CountAnswer {
        let answer = CountAnswer(try await connection.count([filter], timeout: timeout))
        guard answer == .inconclusive(.authRequired) else { return answer }
        if let reason = try await refusal() { return .inconclusive(reason) }
        return CountAnswer(try await connection.count([filter], timeout: timeout))
    }
}

extension CountAnswer {
    fileprivate init(_ end: CountEnd) {
        self =
            switch end {
            case .count(let count, let isApproximate): .count(count, isApproximate: isApproximate)
            case .closed(let prefix, _): CountAnswer(InconclusiveReason(prefix))
            case .unsupported: .unsupported
            case .rateLimited: .inconclusive(.rateLimited)
            case .malformed: .inconclusive(.contradicted)
            case .broken(let error): .inconclusive(InconclusiveReason(error))
            case .cancelled: .inconclusive(.disconnected)
            }
    }

    /// CLOSED is how a relay says that it does not count, but for the prefixes of a policy.
    private init(_ reason: InconclusiveReason) { self = reason == .closed ? .unsupported : .inconclusive(reason) }
}
