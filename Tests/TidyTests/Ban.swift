/// One thing that code does not do here, why, and what it does instead.
struct Ban {
    /// Where a ban holds.
    enum Scope {
        /// `Shared` and `Services`.
        case product
        /// `Tests`.
        case tests
        /// Both.
        case everywhere

        /// Whether the file at `path` is meant.
        func holds(_ path: String) -> Bool {
            let isTest = path.hasPrefix("Tests/")
            switch self {
            case .product: return !isTest
            case .tests: return isTest
            case .everywhere: return true
            }
        }
    }

    /// Short name in snake_case.
    let name: String
    /// Regular expression over code, comments and literals blanked.
    let pattern: String
    /// Where it holds.
    let scope: Scope
    /// Why, and what to write instead.
    let reason: String
    /// Path prefixes left out, each with its own reason.
    var except: [String: String] = [:]
    /// Words of which the comment beside or above must hold one to allow the thing; none when nothing allows it.
    var allowingWords: [String] = []

    /// Lines of `source` that break the ban.
    func violations(in source: SourceText) throws -> [Violation] {
        guard scope.holds(source.path), !except.keys.contains(where: source.path.hasPrefix) else { return [] }
        let lines = Set(try Pattern(pattern).lines(in: source.code.joined(separator: "\n"))).sorted()
        return lines.filter { !isAllowed(in: source, line: $0) }.map {
            Violation(path: source.path, line: $0, rule: name, message: reason)
        }
    }

    private func isAllowed(in source: SourceText, line: Int) -> Bool {
        let reason = source.reason(at: line).lowercased()
        return allowingWords.contains { reason.contains($0) }
    }
}

extension Ban {
    /// All bans on code.
    static let all: [Ban] = [
        Ban(
            name: "print", pattern: #"(?<![.\w])(print|debugPrint|dump)\((?!.*\bto: &)"#, scope: .everywhere,
            reason: "standard output holds log lines and nothing else; use the Logger, or ServiceKit's writer",
            except: ["Tests/Benchmarks/": "its output is the report"]),
        Ban(
            name: "force_try", pattern: #"\btry!"#, scope: .everywhere,
            reason: "foreign input must not trap; use try, or handle the error"),
        Ban(
            name: "force_cast", pattern: #"\bas!"#, scope: .everywhere,
            reason: "foreign input must not trap; use as? with guard, or a generic"),
        Ban(
            name: "force_unwrap", pattern: #"(?<!\btry)(?<!\bas)(?<=[\w)\]}"])!(?!=[^=])"#, scope: .product,
            reason: "foreign input must not trap; use guard let, or precondition with a message for our own mistakes"),
        Ban(
            name: "fatal_error", pattern: #"\bfatalError\("#, scope: .product,
            reason: "no input ends a service; throw a typed error, or precondition for our own mistakes"),
        Ban(
            name: "detached_task", pattern: #"\bTask\.detached\b"#, scope: .everywhere,
            reason: "nobody waits for it and cancellation does not reach it; use a task group"),
        Ban(
            name: "loose_task", pattern: #"(?<![.\w])Task(<[^>]*>)?(\.init)?\s*(\([^)]*\)\s*)?\{"#, scope: .product,
            reason: "use a task group; where that cannot be, a comment says who waits for it and who cancels it",
            allowingWords: ["wait", "cancel"]),
        Ban(
            name: "wall_clock", pattern: #"\bDate\(|(?<![.\w])time\(nil\)|\bCLOCK_REALTIME\b|\bgettimeofday\b"#,
            scope: .product,
            reason: "clocks of replicas are compared with nothing; use the database's now(), or explain the wall clock",
            except: ["Shared/Telemetry/": "a log line has this machine's time"], allowingWords: ["wall clock"]),
        Ban(
            name: "sleep",
            pattern: #"\b(Task(<Never, Never>)?\.sleep|usleep|nanosleep|Thread\.sleep)\b"#
                + #"|(?<![.\w])(?<!func )(?<!await )sleep\("#,
            scope: .everywhere,
            reason: "time enters as a Clock; await a signal in tests, clock.sleep(for:) in products"),
        Ban(
            name: "exported_import", pattern: #"@_exported\b"#, scope: .everywhere,
            reason: "it hides an import from the tables; import the module where it is used"),
        Ban(
            name: "unchecked_sendable", pattern: #"@unchecked\s+Sendable\b"#, scope: .everywhere,
            reason: "the comment above must prove it (\"@unchecked: why\"); better a struct, an actor or a Mutex",
            allowingWords: ["sendable", "unchecked"]),
        Ban(
            name: "unsafe_isolation", pattern: #"\bnonisolated\(unsafe\)"#, scope: .everywhere,
            reason: "the comment above must say what makes it safe; better a let, an actor or a Mutex",
            allowingWords: ["//"]),
    ]
}
