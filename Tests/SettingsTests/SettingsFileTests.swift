import Foundation
import Settings
import Testing

@Suite struct SettingsFileTests {
    private func temporary(_ bytes: [UInt8]) throws -> String {
        let path = NSTemporaryDirectory() + "settings-\(UUID().uuidString).yaml"
        try Data(bytes).write(to: URL(fileURLWithPath: path))
        return path
    }

    @Test func `a file is read whole`() throws {
        let path = try temporary(Array("name: grüße\n".utf8))
        #expect(try SettingsLoader.load(Sample.self, file: path).name == "grüße")
    }

    @Test func `a file that is absent, a folder, too large or no UTF-8 is named with the reason`() throws {
        let large = try temporary([UInt8](repeating: 0x23, count: 262_145))
        let edge = try temporary([UInt8](repeating: 0x23, count: 262_144))
        let latin = try temporary([0x6E, 0x3A, 0x20, 0xFC])
        func text(_ path: String) -> String? {
            do throws(SettingsError) { _ = try SettingsLoader.load(Sample.self, file: path) } catch {
                return error.description
            }
            return nil
        }
        #expect(text("/nowhere/x.yaml") == "/nowhere/x.yaml: given a file that does not exist, allowed a readable file")
        #expect(text("/tmp") == "/tmp: given a folder, allowed a readable file")
        #expect(text(large) == "\(large): given more than 262144 bytes, allowed at most 262144")
        #expect(text(edge) == nil)
        #expect(text(latin) == "\(latin): given bytes that are no UTF-8, allowed a text in UTF-8")
    }
}
