@main
struct DVMMain {
    static func main() {}
}
