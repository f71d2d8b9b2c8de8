import ServiceKit

/// The executable bigbrotr-synchronizer.
@main
struct SynchronizerMain {
    static func main() async { await ServiceMain.run(SynchronizerService.self) }
}
