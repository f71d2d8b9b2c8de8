import Foundation
import Glibc

/// What this process has open and a child should not have.
enum OpenDescriptors {
    /// Has a child close all but the standard ones. Sockets of the tests' own relays would stay open in it, and in
    /// servers that it leaves behind. To close what is not open is no error here.
    static func close(in actions: inout posix_spawn_file_actions_t) {
        let names = (try? FileManager.default.contentsOfDirectory(atPath: "/proc/self/fd")) ?? []
        // Some more, for those that are opened meanwhile.
        let highest = (names.compactMap { Int32($0) }.max() ?? 255) + 64
        for descriptor in 3...highest { posix_spawn_file_actions_addclose(&actions, descriptor) }
    }
}
