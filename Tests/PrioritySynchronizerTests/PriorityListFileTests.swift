import Glibc
import Nostr
import Settings
import Support
import Testing

@testable import PrioritySynchronizer

@Suite struct PriorityListFileTests {
    @Test func `a file that goes away leaves what it said last`() throws {
        let folder = try TemporaryFolder()
        let path = try folder.write("wss://a.example\nnonsense\n", to: "list.txt")
        var file = PriorityListFile(path: path, allowsLocal: false)
        #expect(file.list == nil)
        let changes = [try file.read(), try file.read()]
        #expect(changes == [true, false])
        let said = try #require(file.list)
        #expect(said.relays.map(\.text) == ["wss://a.example"])
        #expect(said.rejected.map(\.place) == [2])

        try #require(unlink(path) == 0)
        #expect(throws: SettingsError.self) { _ = try file.read() }
        #expect(file.list == said)

        _ = try folder.write("", to: "list.txt")
        let isNew = try file.read()
        #expect(isNew)
        #expect(file.list?.relays.isEmpty == true)
    }

    @Test func `a folder and a file beyond the bound are errors`() throws {
        let folder = try TemporaryFolder()
        var file = PriorityListFile(path: folder.path, allowsLocal: false)
        #expect(throws: SettingsError.self) { _ = try file.read() }
        let path = try folder.write(String(repeating: "#", count: PriorityListFile.maxBytes + 1), to: "large.txt")
        file = PriorityListFile(path: path, allowsLocal: false)
        let error = #expect(throws: SettingsError.self) { _ = try file.read() }
        #expect(error?.problems.first?.kind == .tooLarge)
    }
}
