import Glibc
import ServiceKit
import Testing

@Suite struct ProcessResourcesTests {
    @Test func `open files are raised to what the process may have, and never lowered`() {
        var before = rlimit()
        getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &before)
        let allowed = ProcessResources.raiseOpenFiles()
        #expect(allowed >= Int(clamping: before.rlim_cur))
        #expect(allowed >= min(Int(clamping: before.rlim_max), 65_536))
        #expect(ProcessResources.raiseOpenFiles() == allowed)
    }
}
