internal import Metrics
internal import Telemetry

/// The three answers of the health port.
struct HealthRoutes: Sendable {
    let service: String
    let readiness: Readiness
    let metrics: PrometheusRegistry
    let process: ProcessMetrics
    /// The service's own word on its readiness.
    let healthCheck: @Sendable () async -> HealthReport

    /// The answer to a path; 404 for all others.
    func response(to path: String) async -> HealthResponse {
        switch path {
        case "/healthz": return HealthResponse(status: 200, body: "ok\n")
        case "/readyz": return await ready()
        case "/metrics": return await measured()
        default: return HealthResponse(status: 404, body: "known: /healthz /readyz /metrics\n")
        }
    }

    private func report() async -> HealthReport {
        HealthReport(readiness.report().checks + (await healthCheck()).checks)
    }

    private func ready() async -> HealthResponse {
        let report = await report()
        let status = report.isHealthy ? 200 : 503
        return HealthResponse(status: status, contentType: "application/json", body: report.json(service: service))
    }

    private func measured() async -> HealthResponse {
        process.update()
        Gauge(label: MetricName.ready, factory: metrics).record(await report().isHealthy ? 1 : 0)
        return HealthResponse(
            status: 200, contentType: "text/plain; version=0.0.4; charset=utf-8", body: metrics.text())
    }
}
