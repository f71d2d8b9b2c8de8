@main
struct PrioritySynchronizerMain {
    static func main() {}
}
