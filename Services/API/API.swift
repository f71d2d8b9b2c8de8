import ServiceKit

/// The executable bigbrotr-api.
@main
struct APIMain {
    static func main() async { await ServiceMain.run(APIService.self) }
}
