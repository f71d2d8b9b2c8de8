@main
struct MonitorMain {
    static func main() {}
}
