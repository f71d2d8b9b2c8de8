import ServiceKit

@main
struct SynchronizerMain {
    static func main() async { await ServiceMain.run(SynchronizerService.self) }
}
