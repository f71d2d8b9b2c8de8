import Metrics
import Telemetry
import Testing

@Suite struct PrometheusRegistryTests {
    private let registry = PrometheusRegistry()

    private var lines: [String] { registry.text().split(separator: "\n").map(String.init) }

    @Test func `an empty registry has no text`() {
        registry.describe("a", "help")
        #expect(registry.text().isEmpty)
    }

    @Test func `counters, with help, sorted labels and escapes`() {
        registry.describe("b_total", "What\\is\ncounted.")
        Counter(label: "b_total", dimensions: [("z", "1"), ("a", "x\"y\\z\n")], factory: registry).increment(by: 2)
        Counter(label: "b_total", dimensions: [("a", "x\"y\\z\n"), ("z", "1")], factory: registry).increment()
        Counter(label: "a-total", factory: registry).increment()
        FloatingPointCounter(label: "c", factory: registry).increment(by: 0.25)
        #expect(
            registry.text() == """
                # TYPE a_total counter
                a_total 1
                # HELP b_total What\\\\is\\ncounted.
                # TYPE b_total counter
                b_total{a="x\\"y\\\\z\\n",z="1"} 3
                # TYPE c counter
                c 0.25

                """)
    }

    @Test func `a gauge that is given up is not shown any more, and a counter is`() {
        let registry = PrometheusRegistry()
        let gauges = ["a", "b"].map { Meter(label: "g", dimensions: [("x", $0)], factory: registry) }
        for gauge in gauges { gauge.set(1) }
        let counter = Counter(label: "c", factory: registry)
        counter.increment()
        counter.destroy()
        gauges[0].destroy()
        #expect(registry.text() == "# TYPE c counter\nc 1\n# TYPE g gauge\ng{x=\"b\"} 1\n")
        gauges[1].destroy()
        #expect(registry.text() == "# TYPE c counter\nc 1\n")
    }

    @Test func `gauges go up and down`() {
        let meter = Meter(label: "m", factory: registry)
        meter.set(5)
        meter.increment(by: 2.5)
        meter.decrement(by: 1)
        Gauge(label: "g", factory: registry).record(-3)
        #expect(lines == ["# TYPE g gauge", "g -3", "# TYPE m gauge", "m 6.5"])
    }

    @Test func `timers are cumulative histograms in seconds`() {
        registry.describe("t_seconds", "Time.", bounds: [1, 0.1])
        let timer = Timer(label: "t_seconds", dimensions: [("q", "x")], factory: registry)
        timer.recordMilliseconds(100)
        timer.recordMilliseconds(500)
        timer.recordSeconds(3)
        #expect(
            lines == [
                "# HELP t_seconds Time.", "# TYPE t_seconds histogram",
                "t_seconds_bucket{q=\"x\",le=\"0.1\"} 1", "t_seconds_bucket{q=\"x\",le=\"1\"} 2",
                "t_seconds_bucket{q=\"x\",le=\"+Inf\"} 3", "t_seconds_sum{q=\"x\"} 3.6", "t_seconds_count{q=\"x\"} 3",
            ])
    }

    @Test func `recorders count sizes`() {
        Recorder(label: "r", factory: registry).record(50)
        #expect(lines.contains("r_bucket{le=\"10\"} 0"))
        #expect(lines.contains("r_bucket{le=\"100\"} 1"))
        #expect(lines.contains("r_sum 50"))
        Recorder(label: "wait_seconds", factory: registry).record(0.02)
        #expect(lines.contains("wait_seconds_bucket{le=\"0.025\"} 1"))
    }

    @Test func `counters never go back, and endless values are left out`() {
        let counter = FloatingPointCounter(label: "c", factory: registry)
        counter.increment(by: 2)
        counter.increment(by: -1)
        counter.increment(by: Double.infinity)
        counter.increment(by: Double.nan)
        counter.reset()
        #expect(lines.contains("c 2"))
    }

    @Test func `too many label values are counted together`() {
        for number in 0..<1000 {
            Counter(label: "c", dimensions: [("relay", "r\(number)")], factory: registry).increment()
        }
        #expect(lines.count { $0.hasPrefix("c{") } == 201)
        #expect(lines.contains("c{relay=\"other\"} 800"))
        #expect(lines.contains("bigbrotr_metrics_series_folded_total 800"))
    }

    @Test func `a name of two types shows the first and stops nothing`() {
        Counter(label: "x", factory: registry).increment()
        Meter(label: "x", factory: registry).set(9)
        #expect(lines == ["# TYPE x counter", "x 1"])
    }

    @Test func `long label values are cut at a character`() {
        let long = String(repeating: "ü", count: 1000)
        Counter(label: "c", dimensions: [("a", long)], factory: registry).increment()
        #expect(lines.last == "c{a=\"\(String(repeating: "ü", count: 64))\"} 1")
    }

    @Test(arguments: [("", "_"), ("9x", "_9x"), ("a.b-c", "a_b_c"), ("ü", "__"), ("a:b", "a:b")])
    func `names are made valid`(name: String, valid: String) {
        Counter(label: name, factory: registry).increment()
        #expect(lines.last == "\(valid) 1")
    }

    @Test func `every line is a comment or a sample, whatever it was fed with`() throws {
        for text in ["", "\n", "}", "\"", "a b", "🙂", "\u{0}"] {
            Counter(label: text, dimensions: [(text, text)], factory: registry).increment()
            registry.describe(text, text)
        }
        let sample = try Regex(
            #"^[a-zA-Z_:][a-zA-Z0-9_:]*(\{([a-zA-Z_][a-zA-Z0-9_]*="([^"\\\n]|\\[\\n"])*",?)+\})? -?[0-9.e+-]+$"#)
        for line in lines where !line.hasPrefix("# ") { #expect(line.wholeMatch(of: sample) != nil, "\(line)") }
    }

    @Test func `counting from many tasks loses nothing`() async {
        let registry = registry
        await withTaskGroup { group in
            for _ in 0..<8 {
                group.addTask {
                    for _ in 0..<1000 { Counter(label: "c", factory: registry).increment() }
                }
            }
        }
        #expect(lines.last == "c 8000")
    }

    @Test func `the process tells its memory, time and files`() {
        let process = ProcessMetrics(factory: registry)
        process.update()
        process.update()
        let names = ["process_resident_memory_bytes", "process_cpu_seconds_total", "process_open_fds"]
        for name in names {
            let value = lines.first { $0.hasPrefix(name + " ") }.flatMap { Double($0.dropFirst(name.count + 1)) }
            #expect((value ?? 0) > 0, "\(name)")
        }
    }
}
