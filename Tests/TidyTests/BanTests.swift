import Testing

/// Things that code does not do here.
@Suite struct BanTests {
    private func rules(_ text: String, path: String = "Shared/Net/A.swift") throws -> [String] {
        let source = SourceText(path: path, text: text)
        return try Ban.all.flatMap { try $0.violations(in: source) }.map(\.rule)
    }

    @Test func `the code breaks no ban`() throws {
        let sources = try Repository().sources()
        expectNone(try Ban.all.flatMap { ban in try sources.flatMap(ban.violations) })
    }

    @Test(arguments: [
        ("print(1)", "print"), ("debugPrint(1)", "print"), ("dump(a)", "print"), ("let a = try! b()", "force_try"),
        ("let a = b as! C", "force_cast"), ("let a = b!", "force_unwrap"), ("f()!.g()", "force_unwrap"),
        ("a[0]!", "force_unwrap"), ("if a! == b {}", "force_unwrap"), ("var a: Int!", "force_unwrap"),
        ("#\"a\"#.b!", "force_unwrap"), ("fatalError()", "fatal_error"), ("Task.detached { }", "detached_task"),
        ("Task { await f() }", "loose_task"), ("let a = Task<Void, Never> { }", "loose_task"),
        ("Task(priority: .low) { }", "loose_task"), ("let now = Date()", "wall_clock"), ("time(nil)", "wall_clock"),
        ("clock_gettime(CLOCK_REALTIME, &t)", "wall_clock"),
        ("try await Task.sleep(for: .seconds(1))", "sleep"), ("usleep(10)", "sleep"), ("sleep(1)", "sleep"),
        ("@_exported import Net", "exported_import"), ("final class A: @unchecked Sendable {}", "unchecked_sendable"),
        ("nonisolated(unsafe) var a = 1", "unsafe_isolation"),
    ])
    func `a planted violation is found`(line: String, rule: String) throws {
        #expect(try rules("let x = 0\n" + line) == [rule])
    }

    @Test(arguments: [
        "// print(1), try! x", "let a = \"print(1) b! try! c\"", "writer.print(1)", "dump(a, to: &text)",
        "func printed() {}", "a != b",
        "if !a {}", "a !== b", "f(!a)", "x = !y", "func sleep(until: Int) {}", "try await clock.sleep(for: wait)",
        "try await sleep(now() + wait)",
        "blueprint(1)", "let a = b ? !c : d", "preconditionFailure(\"our own mistake\")",
    ])
    func `sound code is accepted`(line: String) throws {
        #expect(try rules(line).isEmpty)
    }

    @Test func `a comment that says who waits allows a task outside a group`() throws {
        #expect(try rules("// `close` cancels it and waits for it.\nlet a = Task { await f() }").isEmpty)
        #expect(try rules("group.addTask { await f() }").isEmpty)
        #expect(try rules("loop.scheduleTask(in: wait) { f() }").isEmpty)
    }

    @Test func `log lines carry the time of this machine`() throws {
        #expect(try rules("clock_gettime(CLOCK_REALTIME, &t)", path: "Shared/Telemetry/LogTime.swift").isEmpty)
        #expect(try rules("// The certificate is judged by the wall clock.\nlet a = time(nil)").isEmpty)
    }

    @Test func `a literal's interpolated code is checked too`() throws {
        #expect(try rules(#"let a = "x \(b!)""#) == ["force_unwrap"])
    }

    @Test func `tests may unwrap but not sleep`() throws {
        #expect(try rules("let a = b!", path: "Tests/NetTests/A.swift").isEmpty)
        #expect(try rules("try await Task.sleep(for: .seconds(1))", path: "Tests/NetTests/A.swift") == ["sleep"])
    }

    @Test func `benchmarks print`() throws {
        #expect(try rules("print(1)", path: "Tests/Benchmarks/A.swift").isEmpty)
        #expect(try rules("print(1)", path: "Tests/NetTests/A.swift") == ["print"])
    }

    @Test func `a comment that proves it allows an unchecked Sendable`() throws {
        let box = "final class A: @unchecked Sendable {}"
        #expect(try rules("/// Sendable because all state is behind `lock`.\n" + box).isEmpty)
        #expect(try rules("/// @unchecked: written once, before it is shared.\n" + box).isEmpty)
        #expect(try rules("/// A box.\n" + box) == ["unchecked_sendable"])
        #expect(try rules("nonisolated(unsafe) var a = 1  // set once before threads start").isEmpty)
    }
}
