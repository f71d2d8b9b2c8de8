import Foundation
import Support
import Testing

@testable import Net

/// Questions to real sockets; generous times, since the machine may be busy.
@Suite struct DNSClientTests {
    typealias Record = FakeNameServer.Record

    private static let patience = Duration.seconds(60)

    private func client(_ server: FakeNameServer, mostQuestions: Int = 64) throws -> DNSClient {
        try DNSClient(servers: [try #require(NameServer(server.address))], mostQuestions: mostQuestions)
    }

    private func ask(
        _ client: DNSClient, _ question: DNSQuestion, within limit: Duration = Self.patience
    ) async -> Result<DNSAnswer, DNSError> {
        do throws(DNSError) {
            return .success(try await client.ask(question, within: limit))
        } catch { return .failure(error) }
    }

    @Test func `each type of record is asked for and read`() async throws {
        let server = try await FakeNameServer.start { question in
            switch question.type {
            case 1: .records([.address(question.name, [192, 0, 2, 1])])
            case 28: .records([.address(question.name, [0x20, 1, 13, 184] + Array(repeating: 0, count: 11) + [1])])
            case 2: .records([.name(question.name, type: 2, "ns1.relay.test")])
            default: .records([.name(question.name, type: 12, "host.relay.test")])
            }
        }
        let client = try client(server)
        #expect(try await client.ask(.init("relay.test", .a), within: Self.patience).addresses.count == 1)
        let six = try await client.ask(.init("relay.test", .aaaa), within: Self.patience)
        #expect(six.addresses.map(\.description) == ["2001:db8::1"] && six.ttlSeconds == 60)
        #expect(try await client.ask(.init("relay.test", .ns), within: Self.patience).names == ["ns1.relay.test"])
        let pointer = DNSQuestion(pointerTo: ResolvedAddress(192, 0, 2, 1))
        #expect(try await client.ask(pointer, within: Self.patience).names == ["host.relay.test"])
        #expect(server.questions.last?.name == "1.2.0.192.in-addr.arpa")
        await client.close()
        await server.stop()
    }

    @Test func `a thousand addresses come over TCP, bounded`() async throws {
        let server = try await FakeNameServer.start { question in
            .records((0..<1_000).map { .address(question.name, [10, 1, UInt8($0 / 256), UInt8($0 % 256)]) })
        }
        let client = try client(server)
        let answer = try await client.ask(.init("many.test", .a), within: Self.patience)
        #expect(answer.addresses.count == DNSAnswer.mostRecords && answer.isCut)
        await client.close()
        await server.stop()
    }

    @Test(arguments: [(UInt8(3), DNSError.nameNotFound), (2, .serverFailed), (5, .serverFailed)])
    func `servers say why there is nothing`(code: UInt8, error: DNSError) async throws {
        let server = try await FakeNameServer.start { _ in .error(code) }
        let client = try client(server)
        #expect(await ask(client, .init("x.test", .a)) == .failure(error))
        await client.close()
        await server.stop()
    }

    @Test func `a name without such records has no data`() async throws {
        let server = try await FakeNameServer.start { _ in .records([]) }
        let client = try client(server)
        #expect(await ask(client, .init("x.test", .aaaa)) == .failure(.noData))
        await client.close()
        await server.stop()
    }

    @Test func `silence and junk end at the deadline`() async throws {
        let junk: [UInt8] = [0x81, 0x80, 0, 1, 0xFF, 0xFF, 0, 0, 0, 0, 0xC0, 0x0C, 0, 1, 0, 1]
        let server = try await FakeNameServer.start { $0.name == "junk.test" ? .raw(junk) : .silent }
        let client = try client(server)
        #expect(await ask(client, .init("silent.test", .a), within: .milliseconds(300)) == .failure(.timeout))
        let answer = await ask(client, .init("junk.test", .a), within: .milliseconds(300))
        #expect(answer == .failure(.timeout) || answer == .failure(.badAnswer), "\(answer)")
        #expect(server.questions.contains { $0.name == "silent.test" })
        await client.close()
        await server.stop()
    }

    @Test func `a server that is not there is named so, at once`() async throws {
        let client = try DNSClient(servers: [try #require(NameServer("127.0.0.1:\(try FreePort.find())"))])
        #expect(await ask(client, .init("x.test", .a)) == .failure(.unreachable))
        await client.close()
    }

    @Test func `names that cannot be asked for are no reason to wait`() async throws {
        let server = try await FakeNameServer.start { _ in .silent }
        let client = try client(server)
        let long = String(repeating: "a", count: 64) + ".test"
        #expect(await ask(client, .init(long, .a)) == .failure(.badName))
        #expect(server.questions.isEmpty)
        await client.close()
        await server.stop()
    }

    @Test func `many questions share one thread, and silent ones hold nobody up for good`() async throws {
        let server = try await FakeNameServer.start { question in
            question.name.hasPrefix("s") ? .silent : .records([.address(question.name, [192, 0, 2, 7])])
        }
        let client = try client(server, mostQuestions: 8)
        await withTaskGroup(of: (Bool, Result<DNSAnswer, DNSError>).self) { group in
            for index in 0..<200 {
                let isSilent = index.isMultiple(of: 10)
                group.addTask {
                    let question = DNSQuestion("\(isSilent ? "s" : "a")\(index).test", .a)
                    let limit = isSilent ? .milliseconds(200) : Self.patience
                    return (isSilent, await ask(client, question, within: limit))
                }
            }
            for await (isSilent, answer) in group {
                if isSilent { #expect(answer == .failure(.timeout)) } else { #expect((try? answer.get()) != nil) }
            }
        }
        await client.close()
        await server.stop()
    }

    @Test func `whoever is cancelled or closed upon is answered`() async throws {
        let server = try await FakeNameServer.start { _ in .silent }
        let client = try client(server)
        async let closed = ask(client, .init("closed.test", .a))
        let cancelled = Task { await ask(client, .init("cancelled.test", .a)) }
        try await eventually("both are asked") { Set(server.questions.map(\.name)).count == 2 }
        cancelled.cancel()
        #expect(await cancelled.value == .failure(.cancelled))
        await client.close()
        #expect(await closed == .failure(.closed))
        #expect(await ask(client, .init("late.test", .a)) == .failure(.closed))
        await server.stop()
    }

    @Test func `a client that nobody holds any more ends, with its thread`() async throws {
        let server = try await FakeNameServer.start { _ in .silent }
        for _ in 0..<50 {
            let client = try client(server)
            _ = await ask(client, .init("x.test", .a), within: .milliseconds(1))
        }
        try await eventually("threads are gone") { try threads(named: "dns") < 40 }
        await server.stop()
    }

    private func threads(named name: String) throws -> Int {
        let tasks = try FileManager.default.contentsOfDirectory(atPath: "/proc/self/task")
        return tasks.count { task in
            FileManager.default.contents(atPath: "/proc/self/task/\(task)/comm") == Data("\(name)\n".utf8)
        }
    }
}
