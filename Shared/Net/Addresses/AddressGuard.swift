/// Decides which addresses may be contacted, so that no relay URL makes us knock at our own network's doors.
public struct AddressGuard: Sendable {
    /// The answer for one address.
    public enum Verdict: Sendable, Equatable {
        /// May be contacted.
        case allowed
        /// Must not be contacted; the class is the reason.
        case refused(AddressClass)
    }

    /// Whether loopback and private addresses may be contacted (`networks.local.enabled`).
    public let allowsLocal: Bool

    /// Public addresses only, unless local ones are allowed.
    public init(allowsLocal: Bool = false) { self.allowsLocal = allowsLocal }

    /// Whether this address may be contacted.
    public func check(_ address: ResolvedAddress) -> Verdict {
        let kind = AddressClass(address)
        return kind == .global || (allowsLocal && kind.isLocal) ? .allowed : .refused(kind)
    }

    /// The addresses that may be contacted, in the given order. `address_forbidden` when none is left.
    func filter(_ addresses: [ResolvedAddress]) throws(NetError) -> [ResolvedAddress] {
        var refused: AddressClass?
        var allowed: [ResolvedAddress] = []
        for address in addresses {
            switch check(address) {
            case .allowed: allowed.append(address)
            case .refused(let reason): refused = refused ?? reason
            }
        }
        guard !allowed.isEmpty else {
            guard let refused else { throw NetError(.nameNotFound, .resolve, "no address") }
            throw NetError(.addressForbidden, .resolve, refused.rawValue)
        }
        return allowed
    }
}
