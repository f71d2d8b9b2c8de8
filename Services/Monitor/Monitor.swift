import ServiceKit

/// The executable bigbrotr-monitor.
@main
struct MonitorMain {
    static func main() async {
        ProcessResources.spareMemory()
        await ServiceMain.run(MonitorService.self)
    }
}
