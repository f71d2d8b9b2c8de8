import ServiceKit

/// The executable bigbrotr-finder.
@main
struct FinderMain {
    static func main() async { await ServiceMain.run(FinderService.self) }
}
