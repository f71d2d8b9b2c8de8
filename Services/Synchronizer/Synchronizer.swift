@main
struct SynchronizerMain {
    static func main() {}
}
