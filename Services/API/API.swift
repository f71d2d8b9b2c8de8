@main
struct APIMain {
    static func main() {}
}
