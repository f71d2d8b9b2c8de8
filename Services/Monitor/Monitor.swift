import ServiceKit

/// The executable bigbrotr-monitor.
@main
struct MonitorMain {
    static func main() async { await ServiceMain.run(MonitorService.self) }
}
