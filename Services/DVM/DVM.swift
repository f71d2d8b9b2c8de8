import ServiceKit

/// The executable bigbrotr-dvm.
@main
struct DVMMain {
    static func main() async { await ServiceMain.run(DVMService.self) }
}
