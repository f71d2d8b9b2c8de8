@main
struct FinderMain {
    static func main() {}
}
