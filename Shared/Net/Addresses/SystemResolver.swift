import Glibc
import NIOCore
import NIOPosix

/// The system's resolver (`getaddrinfo`, A and AAAA) on threads of its own.
///
/// `getaddrinfo` cannot be interrupted: a call that outlives its deadline keeps its thread until the system gives up,
/// so a lookup that waited too long in their queue is never begun, and the threads are enough for some names a second
/// whose servers are silent.
public final class SystemResolver: AddressResolver {
    /// Addresses used of one name; the rest is ignored.
    public static let maxAddresses = 16

    /// The one resolver of a process: its threads live as long as the process does.
    public static let shared = SystemResolver(threads: 64)

    /// glibc's EAI_NODATA, which its header shows only with _GNU_SOURCE: the name exists, without addresses.
    private static let noData: Int32 = -5

    private let pool: NIOThreadPool

    private init(threads: Int) {
        pool = NIOThreadPool(numberOfThreads: threads)
        pool.start()
    }

    /// See the protocol.
    public func addresses(of host: String, within deadline: Duration) async throws(NetError) -> [ResolvedAddress] {
        let loop = MultiThreadedEventLoopGroup.singleton.next()
        let answer = loop.makePromise(of: [ResolvedAddress].self)
        let end = NIODeadline.now() + TimeAmount(deadline)
        let timer = loop.scheduleTask(deadline: end) { answer.fail(NetError(.timeout, .resolve)) }
        pool.submit { state in
            guard case .active = state, NIODeadline.now() < end else { return }
            answer.completeWith(Result { try Self.lookUp(host) })
        }
        defer { timer.cancel() }
        do {
            return try await withTaskCancellationHandler {
                try await answer.futureResult.get()
            } onCancel: {
                answer.fail(NetError(.cancelled, .resolve))
            }
        } catch {
            throw error as? NetError ?? NetError(.resolverFailed, .resolve, "\(error)")
        }
    }

    /// Blocks. Only stream sockets are asked for, so that every address comes once.
    private static func lookUp(_ host: String) throws(NetError) -> [ResolvedAddress] {
        var hints = addrinfo()
        // SOCK_STREAM, by its number for the reason given below.
        hints.ai_socktype = 1
        var list: UnsafeMutablePointer<addrinfo>?
        let status = getaddrinfo(host, nil, &hints, &list)
        defer { if let list { freeaddrinfo(list) } }
        guard status == 0 else {
            let isAbsent = status == EAI_NONAME || status == noData
            throw NetError(isAbsent ? .nameNotFound : .resolverFailed, .resolve, String(cString: gai_strerror(status)))
        }
        var found: [ResolvedAddress] = []
        var next = list
        while let entry = next, found.count < maxAddresses {
            if let address = address(entry.pointee), !found.contains(address) { found.append(address) }
            next = entry.pointee.ai_next
        }
        return found
    }

    /// Read by offset (ip(7), ipv6(7)): the members of `sockaddr_in` belong to whichever C module the compiler met
    /// first, so naming them builds in one package and not in the next.
    private static func address(_ entry: addrinfo) -> ResolvedAddress? {
        guard let pointer = UnsafeRawPointer(entry.ai_addr) else { return nil }
        let address: (offset: Int, count: Int)
        switch entry.ai_family {
        case AF_INET: address = (4, 4)
        case AF_INET6: address = (8, 16)
        default: return nil
        }
        guard Int(entry.ai_addrlen) >= address.offset + address.count else { return nil }
        return ResolvedAddress(
            bytes: [UInt8](UnsafeRawBufferPointer(start: pointer + address.offset, count: address.count)))
    }
}
