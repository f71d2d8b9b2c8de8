@main
struct InitializerMain {
    static func main() {}
}
