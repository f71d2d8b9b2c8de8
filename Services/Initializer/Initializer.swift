import ServiceKit

/// The executable bigbrotr-initializer.
@main
struct InitializerMain {
    static func main() async { await ServiceMain.run(InitializerService.self) }
}
