internal import Database
internal import Glibc
internal import ServiceKit

/// Gives memory that is free back to the system.
///
/// The C library keeps what was freed between pieces that are still in use. A process that read hundreds of relays at
/// the same time, each with a page, would stay as large as it was then for as long as it follows them.
final class FreedMemory: Sendable {
    /// malloc_trim(3); nil where the C library has none.
    private static let trim = dlsym(nil, "malloc_trim").map {
        unsafeBitCast($0, to: (@convention(c) (_ pad: Int) -> Int32).self)
    }
    /// Some milliseconds of one core where there is much to give back, less than one where there is not.
    private static let pause = Duration.seconds(1)

    private let clock: MonotonicClock
    private let pace: Pace

    init(clock: MonotonicClock) {
        self.clock = clock
        pace = Pace(Self.pause, clock)
    }

    /// Gives back every second until the task is cancelled.
    func run() async {
        while !Task.isCancelled {
            giveBackIfDue()
            do { try await clock.sleep(for: Self.pause) } catch { return }
        }
    }

    /// Gives back what is free, unless that was done within the last second.
    func giveBackIfDue() {
        if pace.begin() { _ = Self.trim?(0) }
    }
}
