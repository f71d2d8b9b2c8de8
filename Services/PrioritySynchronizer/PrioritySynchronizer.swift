import ServiceKit

/// The executable bigbrotr-priority-synchronizer.
@main
struct PrioritySynchronizerMain {
    static func main() async { await ServiceMain.run(PrioritySynchronizerService.self) }
}
