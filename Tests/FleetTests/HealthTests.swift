import Nostr
import Support
import Testing

/// What a running synchronizer answers on its health port.
@Suite(.serialized, .timeLimit(.minutes(10))) struct HealthTests {
    /// The value of a series in Prometheus' text form; nil when it is not there.
    private func value(_ series: String, in text: String) -> Double? {
        text.split(separator: "\n").first { $0.hasPrefix(series + " ") }.flatMap {
            Double($0.dropFirst(series.count + 1))
        }
    }

    @Test func `the three answers of one that works, with the right numbers`() async throws {
        var factory = EventFactory(seed: 71)
        let events = factory.events(400)
        let relay = try await FakeRelay.start(events: events)
        let refusing = "ws://127.0.0.1:\(try FreePort.find())"
        let port = try FreePort.find()
        try await withFleet { fleet in
            try await fleet.add([relay.url.text, refusing])
            let process = try fleet.start(own: SynchronizerFile(pageSize: 100, healthPort: port).text)
            try await fleet.waitUntilSealed(1, by: [process])
            // A cycle is counted when it ends, a little after its last visit.
            let metrics = try await Eventually.value("the cycle is counted", found: { process.everything }) {
                let text = await HTTPProbe.get("/metrics", port: port)?.body ?? ""
                return (value("bigbrotr_sightings_total", in: text) ?? 0) > 0
                    && (value(#"bigbrotr_cycles_total{outcome="success"}"#, in: text) ?? 0) > 0 ? text : nil
            }
            #expect(await HTTPProbe.get("/healthz", port: port)?.status == 200)
            let ready = try #require(await HTTPProbe.get("/readyz", port: port))
            #expect(ready.status == 200)
            #expect(ready.body.contains(#""ready":true"#))
            #expect(await HTTPProbe.get("/nothing", port: port)?.status == 404)

            #expect(value(#"bigbrotr_events_total{outcome="new"}"#, in: metrics) == 400)
            #expect(value("bigbrotr_sightings_total", in: metrics) == 400)
            #expect(value("bigbrotr_signatures_checked_total", in: metrics) == 400)
            #expect(
                (value("bigbrotr_event_bytes_total", in: metrics) ?? 0)
                    >= Double(events.reduce(0) { $0 + $1.json.count }))
            #expect((value(#"bigbrotr_pages_total{outcome="conclusive"}"#, in: metrics) ?? 0) >= 4)
            // Measured when the cycle began: nothing was read then.
            #expect(value(#"bigbrotr_relays{class="ok"}"#, in: metrics) == 2)
            #expect(value(#"bigbrotr_coverage_seconds{state="sealed"}"#, in: metrics) == 0)
            #expect(value("bigbrotr_coverage_sealed_ratio", in: metrics) == 0)
            #expect(value("bigbrotr_ready", in: metrics) == 1)
            #expect((value("bigbrotr_cycle_duration_seconds_count", in: metrics) ?? 0) >= 1)
            for name in ["bigbrotr_cycle_duration_seconds", "bigbrotr_cycles_total", "bigbrotr_errors_total"] {
                #expect(metrics.contains("# TYPE \(name) "), "\(name) is missing")
            }
            let visits = metrics.split(separator: "\n").filter { $0.hasPrefix("bigbrotr_relay_visits_total{") }
            #expect(visits.contains { $0.contains(#"outcome="complete""#) && $0.hasSuffix(" 1") })
            #expect(visits.contains { $0.contains(#"outcome="failed""#) && $0.hasSuffix(" 1") })
            #expect(value(#"bigbrotr_errors_total{kind="connection_refused"}"#, in: metrics) == 1)
            #expect(metrics.contains("bigbrotr_pool_"), "nothing is said about the pool")
            #expect(try await process.terminate() == 0, "\(process.everything)")
        }
        await relay.stop()
    }

    @Test func `logs are one JSON object a line with the fields of every service`() async throws {
        try await withFleet { fleet in
            let process = try await fleet.runOnce(own: SynchronizerFile().text)
            let lines = process.output.split(separator: "\n")
            #expect(process.log.count == lines.count)
            for line in process.log {
                for key in ["timestamp", "level", "service", "component", "message"] {
                    #expect(line[key] is String, "\(key) is missing in \(line)")
                }
                #expect(line["service"] as? String == "synchronizer")
            }
            #expect(process.errors == "")
        }
    }
}
